import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Queue } from '../../../domain/outbox/queue.ts';
import { EVENT_JOBS } from '../../../jobs/event-jobs.ts';
import { until } from '../../support/children.ts';
import type { TestDatabase } from '../../support/databases.ts';
import { cancelled, completed, requested, started, stepCompleted } from '../../support/events.ts';
import {
  createWorld,
  gate,
  LEASE_MS,
  ONCE,
  queueKinds,
  type TestQueues,
  type World,
} from '../../support/queues.ts';

describe.each(await queueKinds())(
  'the relay to the $name queue',
  ({ available, durable, create }) => {
    describe.skipIf(!available)('when it is available', () => {
      let world: World;
      let database: TestDatabase;
      let queues: TestQueues;
      let queue: Queue;
      beforeEach(async () => {
        world = createWorld();
        database = await world.open();
        queues = create();
        queue = await queues.open({ policies: ONCE, maxDeadLetters: 0 });
      });
      afterEach(async () => {
        await Promise.all(world.relays.map((relay) => relay.stop(0)));
        await queues.destroy();
        await database.destroy();
      });
      const rows = async (): Promise<number> => (await database.outbox.depth()).rows;

      it('publishes every event to all its jobs, after the notification alone', async () => {
        await queue.work(world.handlers);
        world.nudges(world.relay({ outbox: database.outbox, queue }));
        const appended = await Promise.all(
          Array.from({ length: 40 }, async (_, at) => {
            const { events } = await database.eventStore.append(`r-${at}`, [
              requested(),
              started(),
              stepCompleted(`r-${at}`),
              at % 2 ? completed() : cancelled(),
            ]);
            return events;
          }),
        );
        const jobs = appended
          .flat()
          .flatMap((event) => EVENT_JOBS[event.type].map((name) => `${name} ${event.id}`));
        // In process, projections of one process that wait together are one.
        const expected = durable ? jobs : jobs.filter((name) => !name.startsWith('project'));
        await until(async () => (await rows()) === 0, 'the outbox is empty');
        const seen = (): Set<string> =>
          new Set(world.runs.map((run) => `${run.name} ${run.eventId}`));
        await until(() => expected.every((name) => seen().has(name)), 'every job runs');
        const projected = new Set(world.runs.map((run) => run.correlationId));
        expect(projected.size).toBe(40);
        expect(world.runs.every((run) => !run.redelivered)).toBe(true);
      });

      it('G10: publishes after the lease what a relay that died had claimed', async () => {
        await queue.work(world.handlers);
        // No relay is notified: the process died between the commit and the publishing.
        await database.eventStore.append('orphan', [requested()]);
        world.relay({ outbox: database.outbox, queue }).start();
        expect(await database.outbox.claim(1, LEASE_MS)).toEqual([]);
        world.clock.now += LEASE_MS;
        await until(() => world.runs.length === 2, 'another relay takes it');
        expect(world.runs).toMatchObject([{ redelivered: true }, { redelivered: true }]);
        await until(async () => (await rows()) === 0, 'the row goes');
      });

      it('publishes each row once with two relays on one outbox', async () => {
        const second = await queues.open();
        await queue.work(world.handlers);
        const ids = Array.from({ length: 150 }, (_, at) => `both-${at}`);
        await Promise.all(ids.map((id) => database.eventStore.append(id, [requested()])));
        await database.outbox.releaseAll();
        for (const one of [queue, second]) {
          if (one === second) await second.work(world.handlers);
          world.relay({ outbox: database.outbox, queue: one }).start();
        }
        await until(async () => (await rows()) === 0, 'the outbox is empty');
        const ran = (): string[] => world.runs.map((run) => `${run.name} ${run.eventId}`);
        await until(() => ran().length >= 300, 'all jobs run');
        expect(new Set(ran()).size).toBe(300);
        expect(ran()).toHaveLength(300);
      });

      it('G12: waits at the stop for what is in flight and leaves no published row behind', async () => {
        const slow = gate();
        world.work.does = () => slow.opened;
        await queue.work(world.handlers);
        const relay = world.relay({ outbox: database.outbox, queue });
        world.nudges(relay);
        for (let at = 0; at < 30; at++) await database.eventStore.append(`s-${at}`, [requested()]);
        const stopped = relay.stop(15_000);
        slow.open();
        await stopped;
        expect(relay.inFlight()).toBe(0);
        expect(await rows()).toBe(0);
      });

      it('G12: waits at the stop for rows that it is just claiming, and claims no more', async () => {
        await queue.work(world.handlers);
        await database.eventStore.append('taken', [requested()]);
        await database.outbox.releaseAll();
        const taking = gate();
        const relay = world.relay({
          queue,
          outbox: {
            ...database.outbox,
            claim: (...given) => {
              taking.open();
              return database.outbox.claim(...given);
            },
          },
        });
        relay.start();
        await taking.opened;
        await relay.stop(15_000);
        expect(await rows()).toBe(0);
        await until(() => world.runs.length === 2, 'its jobs run');
        await database.eventStore.append('left', [requested()]);
        await database.outbox.releaseAll();
        expect(await database.outbox.claim(5, LEASE_MS)).toHaveLength(1);
        expect(world.runs).toHaveLength(2);
      });
    });
  },
);
