import { afterEach, describe, expect, it } from 'vitest';
import type { Delivery, Job } from '../../../domain/outbox/queue.ts';
import { createStartGate } from '../../../infrastructure/worker/start-gate.ts';
import { startAtOnce } from '../../../jobs/start-at-once.ts';
import { gate, job, ONCE, queueKinds, silent, type TestQueues } from '../../support/queues.ts';

const UNAVAILABLE = new Error('the engine is away');

for (const kind of await queueKinds()) {
  describe.skipIf(!kind.available)(`starts in front of the queue (${kind.name})`, () => {
    let queues: TestQueues;
    afterEach(() => queues.destroy());

    /** A queue with starts in front of it; `given`: the jobs that reached the queue itself. */
    async function open(start: (job: Job, delivery: Delivery) => Promise<void> = async () => {}) {
      queues = kind.create();
      const behind = await queues.open({ policies: ONCE });
      const given: Job[] = [];
      const addBulk = (jobs: readonly Job[]) => {
        given.push(...jobs);
        return behind.addBulk(jobs);
      };
      const slots = { free: 2 };
      const startGate = createStartGate(2);
      startGate.attach({ freeSlots: () => slots.free, endedTasks: () => 0 });
      const waiting = { all: 0, urgent: 0 };
      const queue = startAtOnce(
        { ...behind, addBulk },
        {
          startGate,
          waitingStarts: (isUrgent) => (isUrgent ? waiting.urgent : waiting.all),
          maxWaiting: 2,
          log: silent,
        },
      );
      const ran: Job[] = [];
      const run = async (one: Job, delivery: Delivery): Promise<void> => {
        ran.push(one);
        if (one.name === 'start-instance') await start(one, delivery);
      };
      await queue.work({ 'start-instance': run, 'cancel-instance': run });
      return { queue, given, ran, slots, waiting, startGate };
    }

    it('begin at once where there is room, and the other jobs are given to the queue', async () => {
      const { queue, given, ran } = await open();
      const jobs = [
        job('start-instance', 'a'),
        job('cancel-instance', 'b'),
        job('start-instance', 'c'),
      ];
      await Promise.all(queue.addBulk(jobs));
      expect(given.map(({ correlationId }) => correlationId)).toEqual(['b']);
      await expect
        .poll(() => ran.map(({ correlationId }) => correlationId).toSorted())
        .toEqual(['a', 'b', 'c']);
    });

    it('G10: the answer, which deletes the outbox row, comes when the start has ended', async () => {
      const { opened, open: end } = gate();
      const { queue } = await open(() => opened);
      let isAnswered = false;
      const answered = Promise.all(queue.addBulk([job('start-instance', 'a')])).then(() => {
        isAnswered = true;
      });
      expect((await queue.counts())['start-instance']?.active).toBe(1);
      expect(isAnswered).toBe(false);
      end();
      await answered;
      expect((await queue.counts())['start-instance']?.active).toBe(0);
    });

    it('wait for a slot for a moment, and then are given to the queue', async () => {
      const { queue, given, ran, slots, startGate } = await open();
      slots.free = 0;
      const soon = queue.addBulk([job('start-instance', 'a')]);
      slots.free = 1;
      startGate.check();
      await Promise.all(soon);
      expect(given).toEqual([]);
      slots.free = 0;
      await Promise.all(queue.addBulk([job('start-instance', 'b')]));
      expect(given).toEqual([job('start-instance', 'b')]);
      await expect.poll(() => ran).toHaveLength(2);
    });

    it('are given to the queue at once, together, where as many wait as there are slots', async () => {
      const { queue, given, slots } = await open();
      slots.free = 0;
      const ids = ['a', 'b', 'c', 'd'];
      const answers = queue.addBulk(ids.map((id) => job('start-instance', id)));
      expect(given.map(({ correlationId }) => correlationId)).toEqual(['c', 'd']);
      await Promise.all(answers);
      expect(given.map(({ correlationId }) => correlationId)).toEqual(['c', 'd', 'a', 'b']);
    });

    it('G14: are given to the queue while older ones wait there; those that callers wait for, behind their like', async () => {
      const { queue, given, ran, waiting } = await open();
      waiting.all = 3;
      const urgent = { ...job('start-instance', 'urgent'), urgent: true as const };
      await Promise.all(queue.addBulk([job('start-instance', 'a'), urgent]));
      expect(given).toEqual([job('start-instance', 'a')]);
      waiting.urgent = 3;
      await Promise.all(queue.addBulk([urgent]));
      expect(given).toEqual([job('start-instance', 'a'), urgent]);
      await expect.poll(() => ran).toHaveLength(3);
    });

    it('that come again are given to the queue', async () => {
      const { queue, given, ran } = await open();
      await Promise.all(queue.addBulk([{ ...job('start-instance', 'b'), redelivered: true }]));
      expect(given.map(({ correlationId }) => correlationId)).toEqual(['b']);
      await expect.poll(() => ran).toHaveLength(1);
    });

    it('that fail are given to the queue as ones that come again, which tries them again', async () => {
      let failures = 0;
      const { queue, given, ran } = await open(async () => {
        if (failures++ === 0) throw UNAVAILABLE;
      });
      await Promise.all(queue.addBulk([job('start-instance', 'a')]));
      expect(given).toMatchObject([{ correlationId: 'a', redelivered: true }]);
      await expect.poll(() => ran).toHaveLength(2);
      expect(ran[1]).toMatchObject({ correlationId: 'a', redelivered: true });
    });

    it('G12: a stop waits for those that run, and none begins during it', async () => {
      const { opened, open: end } = gate();
      const { queue, given } = await open(() => opened);
      const [answer] = queue.addBulk([job('start-instance', 'a')]);
      let isClosed = false;
      const closed = queue.close(60_000).then(() => {
        isClosed = true;
      });
      const [late] = queue.addBulk([job('start-instance', 'b')]);
      late?.catch(() => {});
      expect(given.map(({ correlationId }) => correlationId)).toEqual(['b']);
      expect(isClosed).toBe(false);
      end();
      await answer;
      await closed;
    });
  });
}
