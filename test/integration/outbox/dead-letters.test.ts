import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  EngineUnavailableError,
  NotifierUnavailableError,
  StoreUnavailableError,
} from '../../../domain/common/errors.ts';
import type { DeadLetter } from '../../../domain/outbox/dead-letters.ts';
import type { Job } from '../../../domain/outbox/queue.ts';
import { until } from '../../support/children.ts';
import {
  job,
  policies,
  queueKinds,
  type TestQueue,
  type TestQueues,
} from '../../support/queues.ts';

const FAST = policies({ attempts: 3, backoff: 1, maxBackoff: 2 });

describe.each(await queueKinds())('dead letters: $name', ({ available, durable, create }) => {
  describe.skipIf(!available)('when it is available', () => {
    let queues: TestQueues;
    let queue: TestQueue;
    /** Correlation ids whose jobs fail, and how. */
    let broken: Map<string, Error>;
    let ran: { correlationId: string; attempt: number }[];
    let answers: Map<string, 'pending' | 'done' | 'refused'>;
    beforeEach(async () => {
      queues = create();
      broken = new Map();
      ran = [];
      answers = new Map();
      queue = await open();
    });
    afterEach(() => queues.destroy());

    async function open(options = {}): Promise<TestQueue> {
      const opened = await queues.open({ policies: FAST, ...options });
      const handler = async ({ correlationId }: Job, { attempt }: { attempt: number }) => {
        ran.push({ correlationId, attempt });
        const error = broken.get(correlationId);
        if (error) throw error;
      };
      await opened.work({ 'start-instance': handler, 'project-process': handler });
      return opened;
    }

    function give(...jobs: Job[]): void {
      queue.addBulk(jobs).forEach((answer, at) => {
        const id = jobs[at]?.eventId ?? '';
        answers.set(id, 'pending');
        answer.then(
          () => answers.set(id, 'done'),
          () => answers.set(id, 'refused'),
        );
      });
    }

    function breakDown(...ids: string[]): void {
      for (const id of ids) broken.set(id, new TypeError(`no property "x" in ${id}`));
    }

    const letters = (): Promise<DeadLetter[]> => queue.deadLetters.list({}, 1_000);
    const untilDead = (count: number) =>
      until(async () => (await letters()).length === count, `${count} dead letters`);

    it('keep a job that fails for a permanent reason, after its attempts', async () => {
      breakDown('bad');
      const begin = Date.now();
      give(job('start-instance', 'bad', '7'));
      await untilDead(1);
      const [letter] = await letters();
      expect(letter).toEqual({
        id: expect.stringMatching(/^start-instance:/),
        name: 'start-instance',
        correlationId: 'bad',
        eventId: '7',
        attempts: 3,
        error: 'no property "x" in bad',
        failedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      });
      expect(Date.parse(letter?.failedAt ?? '')).toBeGreaterThanOrEqual(begin - 1);
      expect(ran).toHaveLength(3);
      expect((await queue.counts())['start-instance']?.failed).toBe(1);
      // In process the outbox row stays: nobody answers for the job until it is done.
      expect(answers.get('7')).toBe(durable ? 'done' : 'pending');
    });

    it.each([
      new StoreUnavailableError('the database is away'),
      new EngineUnavailableError('the engine is away'),
      new NotifierUnavailableError('Redis is away'),
    ])('G10: never hold a job that fails because $message', async (error) => {
      broken.set('later', error);
      give(job('start-instance', 'later', '1'));
      await until(() => ran.length > 10, 'many more attempts than a defect has');
      expect(await letters()).toEqual([]);
      // Attempts that an outage took are not taken from it: it has three of its own.
      breakDown('later');
      const before = ran.length;
      await untilDead(1);
      expect(ran.length - before).toBeGreaterThanOrEqual(2);
    });

    it('release a job that succeeds when it is retried, and let it know that it ran before', async () => {
      breakDown('a', 'b');
      give(job('start-instance', 'a', '1'), job('project-process', 'b', '2'));
      await untilDead(2);
      broken.clear();
      const a = (await letters()).find(({ correlationId }) => correlationId === 'a');
      expect(await queue.deadLetters.retry(a?.id ?? '')).toBe(true);
      await until(
        () =>
          ran.some((run) => run.correlationId === 'a' && run.attempt > 3) ||
          (!durable && ran.filter((run) => run.correlationId === 'a').length > 3),
        'it runs again',
      );
      await untilDead(1);
      await until(() => answers.get('1') === 'done', 'its row may go');
      expect((await letters())[0]?.correlationId).toBe('b');
      expect(await queue.deadLetters.retry(a?.id ?? '')).toBe(false);
    });

    it('keep a job again that fails when it is retried, after all its attempts', async () => {
      breakDown('a');
      give(job('start-instance', 'a', '1'));
      await untilDead(1);
      const [first] = await letters();
      expect(await queue.deadLetters.retry(first?.id ?? '')).toBe(true);
      await until(() => ran.length === 6, 'three more attempts');
      await untilDead(1);
      expect(answers.get('1')).toBe(durable ? 'done' : 'pending');
    });

    it('are retried all at once, or those of one name', async () => {
      breakDown('a', 'b', 'c');
      give(
        job('start-instance', 'a', '1'),
        job('project-process', 'b', '2'),
        job('start-instance', 'c', '3'),
      );
      await untilDead(3);
      broken.clear();
      expect(await queue.deadLetters.retryAll('start-instance')).toBe(2);
      await untilDead(1);
      expect(await queue.deadLetters.retryAll()).toBe(1);
      await untilDead(0);
      expect(await queue.deadLetters.retryAll()).toBe(0);
      await until(() => [...answers.values()].every((answer) => answer === 'done'), 'all done');
    });

    it('are listed page by page, the newest first, none twice and none left out', async () => {
      const ids = Array.from({ length: 25 }, (_, at) => `p${at}`);
      breakDown(...ids);
      give(
        ...ids.map((id, at) =>
          job(at % 2 ? 'start-instance' : 'project-process', id, String(at + 1)),
        ),
      );
      await untilDead(25);
      const all = await letters();
      const times = all.map(({ failedAt }) => failedAt);
      expect(times).toEqual([...times].sort().reverse());
      const paged: DeadLetter[] = [];
      for (let last: DeadLetter | undefined; ; last = paged.at(-1)) {
        const page = await queue.deadLetters.list({}, 4, last);
        if (page.length === 0) break;
        paged.push(...page);
      }
      expect(paged).toEqual(all);
      const starts = await queue.deadLetters.list({ name: 'start-instance' }, 100);
      expect(starts).toEqual(all.filter(({ name }) => name === 'start-instance'));
    });

    it.each(['start-instance:4711', 'start-instance', 'nonsense:1', '', 'constructor:1', 'a:*'])(
      'report an unknown job "%s" as missing',
      async (id) => {
        expect(await queue.deadLetters.retry(id)).toBe(false);
      },
    );

    it('do not delay later projections of their process', async () => {
      breakDown('p');
      give(job('project-process', 'p', '1'));
      await untilDead(1);
      broken.clear();
      give(job('project-process', 'p', '2'));
      await until(() => answers.get('2') === 'done', 'the later one is done');
      await until(() => ran.length === 4, 'it ran');
    });

    it.skipIf(durable)(
      'are given back to their rows at the close, and when there are too many',
      async () => {
        queue = await open({ maxDeadLetters: 2 });
        breakDown('a', 'b', 'c');
        give(job('start-instance', 'a', '1'));
        await untilDead(1);
        give(job('start-instance', 'b', '2'), job('start-instance', 'c', '3'));
        await until(() => answers.get('1') === 'refused', 'the oldest goes back');
        expect((await letters()).map(({ correlationId }) => correlationId).sort()).toEqual([
          'b',
          'c',
        ]);
        await queue.close(5_000);
        expect([...answers.values()]).toEqual(['refused', 'refused', 'refused']);
      },
    );

    it.skipIf(!durable)('outlive the instance, and finished jobs do not pile up', async () => {
      const keep = { completed: { age: 3_600, count: 5 }, failed: { age: 3_600, count: 3 } };
      queue = await open({ keep });
      breakDown('a', 'b', 'c', 'd');
      give(...['a', 'b', 'c', 'd'].map((id, at) => job('start-instance', id, String(at + 1))));
      give(...Array.from({ length: 40 }, (_, at) => job('project-process', `ok${at}`, `${at}`)));
      await until(() => ran.length >= 52, 'all have run');
      await untilDead(3);
      await queue.close(5_000);
      queue = await open({ keep });
      expect(await letters()).toHaveLength(3);
      await until(async () => (await queues.completed('project-process')) <= 5, 'few are kept');
    });
  });
});
