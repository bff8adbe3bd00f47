import { spawn } from 'node:child_process';
import { Queue as BullQueue } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createInProcessQueue } from '../../../infrastructure/in-process/queue.ts';
import { openRedis } from '../../../infrastructure/redis/connection.ts';
import { endWithUs, until } from '../../support/children.ts';
import { builtFile } from '../../support/commands.ts';
import { bullmqQueues, gate, silent } from '../../support/queues.ts';
import { startRedis } from '../../support/redis.ts';
import { serverUrl } from '../../support/servers.ts';

const script = await builtFile('test/support/programs/timed-worker.ts');
const redisUrl = await serverUrl('redis');
const NAME = 'reconcile-processes';

describe('timed jobs in process by a clock of the test', () => {
  afterEach(() => vi.useRealTimers());

  it('run at the times of their pattern in UTC, whatever the time zone of the machine', async () => {
    vi.useFakeTimers({ now: new Date('2026-03-28T22:59:30Z') });
    const queue = createInProcessQueue({ concurrency: 1, log: silent });
    const times: string[] = [];
    await queue.schedule('archive-expired', { cron: '30 3 * * *' }, async () => {
      times.push(new Date().toISOString());
    });
    // Over the night in which Europe's clocks go forward.
    await vi.advanceTimersByTimeAsync(2 * 24 * 3_600_000);
    expect(times).toEqual(['2026-03-29T03:30:00.000Z', '2026-03-30T03:30:00.000Z']);
    await queue.close(0);
  });

  it('wait for a time that is farther away than a timer reaches', async () => {
    vi.useFakeTimers({ now: new Date('2026-01-15T00:00:00Z') });
    const queue = createInProcessQueue({ concurrency: 1, log: silent });
    const times: string[] = [];
    await queue.schedule('archive-expired', { cron: '0 0 1 7 *' }, async () => {
      times.push(new Date().toISOString());
    });
    await vi.advanceTimersByTimeAsync(200 * 24 * 3_600_000);
    expect(times).toEqual(['2026-07-01T00:00:00.000Z']);
    await queue.close(0);
  });
});

describe.skipIf(redisUrl === null)('timed jobs of several instances', () => {
  let queues: ReturnType<typeof bullmqQueues>;
  let bull: BullQueue;
  let connection: ReturnType<typeof openRedis>;
  beforeEach(() => {
    queues = bullmqQueues(redisUrl ?? '');
    connection = openRedis(redisUrl ?? '', 'worker', () => {});
    bull = new BullQueue(NAME, { connection, prefix: queues.prefix, skipMetasUpdate: true });
  });
  afterEach(async () => {
    connection.disconnect();
    await queues.destroy();
  });

  function startProcess(everyMs: number, runMs: number, stalledMs = 1_000) {
    const numbers = [stalledMs, everyMs, runMs].map(String);
    const child = spawn(process.execPath, [script, redisUrl ?? '', queues.prefix, ...numbers], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    endWithUs(child);
    const marks: { mark: string; at: number }[] = [];
    child.stdout.on('data', (chunk) => {
      for (const line of String(chunk).trim().split('\n')) {
        const [mark = '', at] = line.split(' ');
        marks.push({ mark, at: Number(at) });
      }
    });
    return { child, marks };
  }

  it('never run twice at a time in three processes, and another one takes over when one is killed', async () => {
    // Each run takes longer than its period, so that a second is always due.
    const all = [0, 1, 2].map(() => startProcess(100, 250));
    const ended = (): number =>
      all.flatMap(({ marks }) => marks).filter(({ mark }) => mark === 'end').length;
    await until(() => ended() >= 5, 'five runs');
    const running = await until(
      () => all.find(({ marks }) => marks.at(-1)?.mark === 'begin'),
      'one is running',
    );
    running.child.kill('SIGKILL');
    await until(() => running.child.signalCode !== null, 'it is dead');
    const before = ended();
    await until(() => ended() >= before + 3, 'the others take over');
    for (const { child } of all) child.kill('SIGKILL');

    const runs = all.flatMap(({ marks, child }) =>
      marks.flatMap(({ mark, at }, index) => {
        const next = marks[index + 1];
        // A run that was cut off by the kill lasts until another could begin.
        return mark === 'begin' ? [{ at, end: next?.at ?? at, pid: child.pid }] : [];
      }),
    );
    runs.sort((a, b) => a.at - b.at);
    for (const [index, run] of runs.entries()) {
      const next = runs[index + 1];
      if (next) expect(next.at).toBeGreaterThanOrEqual(run.end);
    }
  });

  it('continue at once on another instance when the stop of theirs cut them off', async () => {
    const [a, b] = [await queues.open(), await queues.open()];
    const began: string[] = [];
    const cut = (name: string) => async (signal: AbortSignal) => {
      began.push(name);
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      );
    };
    await a.schedule(NAME, { everyMs: 1_000 }, cut('a'));
    await until(() => began.length === 1, 'a runs');
    await b.schedule(NAME, { everyMs: 1_000 }, cut('b'));
    await a.close(15_000);
    await until(() => began.includes('b'), 'b has it');
    expect(await bull.getFailed()).toEqual([]);
    await b.close(15_000);
  });

  it('learn when a lock lapsed that the run is no longer theirs', async () => {
    const queue = await queues.open({ stalledMs: 500 });
    const aborted = gate();
    let runs = 0;
    await queue.schedule(NAME, { everyMs: 100 }, async (signal) => {
      if (++runs > 1) return;
      await connection.del(...(await connection.keys(`${queues.prefix}:${NAME}:*:lock`)));
      signal.addEventListener('abort', aborted.open);
      await aborted.opened;
    });
    await aborted.opened;
    await until(() => runs > 1, 'it comes again');
  });

  it('keep their times when an instance joins, which restores a schedule whose next run was removed', async () => {
    const first = await queues.open();
    await first.schedule(NAME, { everyMs: 3_600_000 }, async () => {});
    const known = await bull.getJobScheduler(NAME);
    const second = await queues.open();
    await second.schedule(NAME, { everyMs: 3_600_000 }, async () => {});
    expect((await bull.getJobScheduler(NAME))?.next).toBe(known?.next);
    expect(await bull.getDelayedCount()).toBe(1);
    const [next] = await bull.getDelayed();
    await connection.del(...(await connection.keys(`${queues.prefix}:${NAME}:repeat:*:*`)));
    await connection.zrem(`${queues.prefix}:${NAME}:delayed`, next?.id ?? '');
    const third = await queues.open();
    await third.schedule(NAME, { everyMs: 3_600_000 }, async () => {});
    expect(await bull.getDelayedCount()).toBe(1);
  });

  it('keep an overdue run when an instance joins', async () => {
    const blocked = gate();
    const [a, b] = [await queues.open(), await queues.open()];
    let runs = 0;
    await a.schedule(NAME, { cron: '0 3 * * *' }, async () => {
      runs++;
      await blocked.opened;
    });
    const due = (await bull.getJobScheduler(NAME))?.next ?? 0;
    expect(new Date(due).toISOString()).toMatch(/T03:00:00\.000Z$/);
    // Its time comes, and the next one while it runs.
    await (await bull.getDelayed())[0]?.promote();
    await until(() => runs === 1, 'the first runs');
    await (await bull.getDelayed())[0]?.promote();
    await b.schedule(NAME, { cron: '0 3 * * *' }, async () => void runs++);
    blocked.open();
    await until(() => runs === 2, 'the overdue one runs');
  });

  it('G10: come back after Redis lost all its data', async () => {
    let redis = await startRedis();
    const queue = await bullmqQueues(redis.url).open();
    let runs = 0;
    await queue.schedule(NAME, { everyMs: 200 }, async () => void runs++);
    await until(() => runs > 0, 'it runs');
    process.kill(redis.pid, 'SIGKILL');
    await until(async () => !(await queue.ready()), 'the loss is noticed');
    redis = await startRedis(redis.port);
    const before = runs;
    await until(() => runs > before + 1, 'it runs again');
    await queue.close(0);
    await redis.stop();
  });
});
