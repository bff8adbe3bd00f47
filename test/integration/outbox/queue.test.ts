import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Delivery, Job, JobHandlers, JobName } from '../../../domain/outbox/queue.ts';
import { until } from '../../support/children.ts';
import { gate, job, policies, queueKinds, type TestQueues } from '../../support/queues.ts';

type Run = Job & Delivery & { at: number };

/** Handlers that write down what they are given; `then` is the work. */
function recording(then: (run: Run) => Promise<void> | void = () => {}) {
  const runs: Run[] = [];
  const handler = async (given: Job, delivery: Delivery): Promise<void> => {
    const run = { ...given, ...delivery, at: Date.now() };
    runs.push(run);
    await then(run);
  };
  const handlers: JobHandlers = {
    'start-instance': handler,
    'retry-instance': handler,
    'cancel-instance': handler,
    'complete-user-task': handler,
    'project-process': handler,
  };
  return { runs, handlers };
}

/** Lets go of answers that a test does not ask about. */
const ignore = (answers: Promise<void>[]): void => {
  for (const answer of answers) answer.catch(() => {});
};

describe.each(await queueKinds())('the queue: $name', ({ available, durable, create }) => {
  describe.skipIf(!available)('when it is available', () => {
    let queues: TestQueues;
    beforeEach(() => {
      queues = create();
    });
    afterEach(() => queues.destroy());

    it('runs every job handed in, each by its own handler, with all it carries', async () => {
      const seen: Record<JobName, Job[]> = {
        'start-instance': [],
        'retry-instance': [],
        'cancel-instance': [],
        'complete-user-task': [],
        'project-process': [],
      };
      const into = (name: JobName) => async (given: Job) => {
        seen[name].push(given);
      };
      const queue = await queues.open();
      await queue.work({
        'start-instance': into('start-instance'),
        'retry-instance': into('retry-instance'),
        'cancel-instance': into('cancel-instance'),
        'project-process': into('project-process'),
      });
      const names = ['start-instance', 'cancel-instance', 'project-process'] as const;
      const jobs = Array.from(
        { length: 90 },
        (_, at): Job => ({
          name: names[at % 3] ?? 'project-process',
          correlationId: `bestellung ü/${at} "ß" 漢`,
          eventId: String(9_007_199_254_740_991n + BigInt(at)),
          redelivered: at % 2 === 0,
        }),
      );
      await Promise.all(queue.addBulk(jobs));
      await until(() => Object.values(seen).flat().length >= jobs.length, 'all jobs run');
      for (const name of names) {
        const byEvent = (a: Job, b: Job): number => a.eventId.localeCompare(b.eventId);
        expect([...seen[name]].sort(byEvent)).toEqual(
          jobs.filter((one) => one.name === name).sort(byEvent),
        );
      }
    });

    it('retries a failing job after a delay that doubles, and counts the attempts', async () => {
      const { runs, handlers } = recording(({ attempt }) => {
        if (attempt < 4) throw new Error('not yet');
      });
      const queue = await queues.open({
        policies: policies({ attempts: 5, backoff: 100, maxBackoff: 200 }),
      });
      await queue.work(handlers);
      await Promise.all(queue.addBulk([job('start-instance', 'c')]));
      await until(() => runs.length === 4, 'the fourth attempt');
      expect(runs.map((run) => run.attempt)).toEqual([1, 2, 3, 4]);
      const pauses = runs.slice(1).map((run, at) => run.at - (runs[at]?.at ?? 0));
      for (const [at, atLeast] of [100, 200, 200].entries()) {
        // Timers may fire a millisecond early.
        expect(pauses[at]).toBeGreaterThanOrEqual(atLeast - 2);
      }
    });

    it('G4: keeps a job that is added while an earlier one of its process runs', async () => {
      const first = gate();
      let events = 1;
      const read: number[] = [];
      const queue = await queues.open();
      await queue.work({
        'project-process': async () => {
          read.push(events);
          if (read.length === 1) await first.opened;
        },
      });
      const answers = queue.addBulk([job('project-process', 'p')]);
      await until(() => read.length === 1, 'the first has read the stream');
      for (events = 2; events < 5; events++)
        answers.push(...queue.addBulk([job('project-process', 'p')]));
      events = 5;
      answers.push(...queue.addBulk([job('project-process', 'p')]));
      first.open();
      await Promise.all(answers);
      await until(() => read.includes(5), 'a projection begins after the last event');
    });

    it('runs as many jobs at once as it may, and no more', async () => {
      const all = gate();
      let running = 0;
      let most = 0;
      const { runs, handlers } = recording(async () => {
        most = Math.max(most, ++running);
        await all.opened;
        running--;
      });
      const queue = await queues.open({ concurrency: 3 });
      await queue.work(handlers);
      const jobs = Array.from({ length: 12 }, (_, at) => job('start-instance', `c-${at}`));
      const answers = queue.addBulk(jobs);
      await until(() => running === 3, 'three run');
      all.open();
      await Promise.all(answers);
      await until(() => runs.length === 12 && running === 0, 'all have run');
      expect(most).toBe(3);
    });

    it('G10: runs no second copy of a job that would make two simultaneous calls to the engine', async () => {
      const first = gate();
      const { runs, handlers } = recording(() => first.opened);
      const queue = await queues.open({ concurrency: 3 });
      await queue.work(handlers);
      const once = job('start-instance', 'once');
      const answers = queue.addBulk([once]);
      await until(() => runs.length === 1, 'it runs');
      // What a relay does whose lease ran out.
      if (durable) answers.push(...queue.addBulk([{ ...once, redelivered: true }]));
      answers.push(
        ...queue.addBulk([job('start-instance', 'other'), job('start-instance', 'once', '2')]),
      );
      await until(() => runs.length === 3, 'others run');
      first.open();
      await Promise.all(answers);
      await until(async () => !(await queue.counts())['start-instance']?.active, 'all are done');
      expect(runs).toHaveLength(3);
      await Promise.all(queue.addBulk([{ ...once, redelivered: true }]));
      await until(() => runs.length === 4, 'once it is done, it may come again');
    });

    it('keeps jobs that come before there are handlers', async () => {
      const queue = await queues.open();
      const answers = queue.addBulk([
        job('start-instance', 'early'),
        job('project-process', 'early'),
      ]);
      if (durable) await Promise.all(answers);
      const { runs, handlers } = recording();
      await queue.work(handlers);
      await Promise.all(answers);
      await until(() => runs.length === 2, 'both run');
    });

    it('G14: runs a start that a caller waits for before those that were added earlier', async () => {
      const first = gate();
      const { runs, handlers } = recording(({ correlationId }) =>
        correlationId === 'first' ? first.opened : undefined,
      );
      const queue = await queues.open({ concurrency: 1 });
      await queue.work(handlers);
      const answers = queue.addBulk([job('start-instance', 'first')]);
      await until(() => runs.length === 1, 'the first runs');
      const others = ['a', 'b', 'c'];
      answers.push(...queue.addBulk(others.map((id) => job('start-instance', id))));
      if (durable) await Promise.all(answers);
      const urgent = { ...job('start-instance', 'urgent'), urgent: true } as const;
      answers.push(...queue.addBulk([urgent]));
      if (durable) {
        await Promise.all(answers);
        expect((await queue.counts())['start-instance']).toMatchObject({ waiting: 4, active: 1 });
      } else {
        await answers.at(-1);
      }
      first.open();
      await until(() => runs.length === 5, 'all have run');
      expect(runs.map(({ correlationId }) => correlationId)).toEqual([
        'first',
        'urgent',
        ...others,
      ]);
      await Promise.all(answers);
    });

    it('does not let starts that hang delay projections', async () => {
      const engine = gate();
      const { runs, handlers } = recording((run) =>
        run.name === 'start-instance' ? engine.opened : undefined,
      );
      const queue = await queues.open({ concurrency: 1 });
      await queue.work(handlers);
      ignore(queue.addBulk([job('start-instance', 'slow'), job('start-instance', 'slower')]));
      ignore(queue.addBulk([job('project-process', 'fast')]));
      await until(() => runs.some((run) => run.correlationId === 'fast'), 'the projection runs');
      engine.open();
    });

    it('G12: waits for the running job at its end and begins no other', async () => {
      const work = gate();
      const ended: string[] = [];
      const { runs, handlers } = recording(async ({ correlationId }) => {
        await work.opened;
        ended.push(correlationId);
      });
      const queue = await queues.open({ concurrency: 1 });
      await queue.work(handlers);
      const [running] = queue.addBulk([job('start-instance', 'running')]);
      await until(() => runs.length === 1, 'the first runs');
      const [waiting] = queue.addBulk([job('start-instance', 'waiting')]);
      const given = durable
        ? expect(waiting).resolves.toBeUndefined()
        : expect(waiting).rejects.toThrow('closed');
      const closed = queue.close(15_000);
      // The job ends only some turns of the event loop after the close began.
      setTimeout(work.open, 100);
      await closed;
      expect(ended).toEqual(['running']);
      await Promise.all([given, running]);
      await expect(Promise.all(queue.addBulk([job('start-instance', 'late')]))).rejects.toThrow();
      expect(await queue.ready()).toBe(false);
      expect(runs).toHaveLength(1);
    });

    it('G12: releases a job that does not end in time', async () => {
      const work = gate();
      const { runs, handlers } = recording(() => work.opened);
      const queue = await queues.open();
      await queue.work(handlers);
      ignore(queue.addBulk([job('start-instance', 'hangs')]));
      await until(() => runs.length === 1, 'it runs');
      const begin = Date.now();
      await queue.close(200);
      expect(Date.now() - begin).toBeLessThan(30_000);
      work.open();
    });

    it('G12: gives a job back at once that waits for its next attempt', async () => {
      const { runs, handlers } = recording(() => {
        throw new Error('the engine is away');
      });
      const queue = await queues.open({
        policies: policies({ attempts: 9, backoff: 60_000, maxBackoff: 60_000 }),
      });
      await queue.work(handlers);
      const [answer] = queue.addBulk([job('start-instance', 'later')]);
      await until(() => runs.length === 1, 'the first attempt');
      const given = durable
        ? expect(answer).resolves.toBeUndefined()
        : expect(answer).rejects.toThrow('the engine is away');
      await queue.close(15_000);
      await given;
    });

    it.skipIf(!durable)('shares its jobs with other instances, each job run once', async () => {
      const both = [recording(), recording()] as const;
      const instances = await Promise.all(both.map(() => queues.open({ concurrency: 4 })));
      await Promise.all(instances.map((queue, at) => queue.work(both[at]?.handlers ?? {})));
      const jobs = Array.from({ length: 200 }, (_, at) => job('start-instance', 'shared', `${at}`));
      await Promise.all(instances[0]?.addBulk(jobs) ?? []);
      await until(() => both[0].runs.length + both[1].runs.length >= 200, 'all run');
      const ran = both.flatMap(({ runs }) => runs.map((run) => run.eventId));
      expect(new Set(ran).size).toBe(200);
      expect(ran).toHaveLength(200);
      for (const { runs } of both) expect(runs.length).toBeGreaterThan(0);
    });
  });
});
