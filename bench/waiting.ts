import { until } from '../test/support/children.ts';
import type { WholeService } from './children/whole-service.ts';
import { type Benchmark, type Figures, inTurns, type Run, rowOf } from './support/benchmark.ts';
import { openCaller } from './support/caller.ts';
import { type Child, startChild } from './support/child.ts';
import { WAITING_KEY } from './support/four-steps.ts';

const WAITING = 100_000;
const QUICK_WAITING = 20_000;
const STARTERS = 64;
/** Enough for all starts on a busy machine. */
const START_TIMEOUT_MS = 20 * 60_000;

type Restart = Figures<'ready' | 'used'>;

/**
 * The whole service with everything embedded, when 100,000 processes wait for a message or a timer in a month (20,000 in
 * a quick run): the time from the start of its process until it is ready, and the memory in use then, after a garbage
 * collection. They are started over HTTP once; each round starts the service again, after the one before was killed.
 *
 * Baseline: the same with a database in which nothing waits.
 */
export const waiting: Benchmark = async (run) => {
  const count = run.seconds(1) < 1 ? QUICK_WAITING : WAITING;
  const empty = run.folder();
  const filled = run.folder();
  await fill(run, empty, 0);
  await fill(run, filled, count);
  const rounds = await inTurns<'ready' | 'used'>(
    run,
    'waiting',
    [
      ['ready', 'ms'],
      ['used', 'bytes'],
    ],
    { baseline: () => restart(empty), ours: () => restart(filled) },
  );
  const named = count.toLocaleString('en');
  return {
    rows: [
      rowOf(rounds, 'ready', {
        name: `restart to ready, ${named} waiting processes`,
        unit: 'ms',
        baseline: 'no waiting process',
        goal: { of: 'ours', limit: 'at most', value: 5_000 },
      }),
      {
        name: `memory of a waiting process, of ${named}`,
        unit: 'bytes',
        baseline: null,
        // Below zero it is the noise of the two measurements.
        ours: rounds.ours.map(({ used }, round) =>
          Math.max(0, (used - (rounds.baseline[round]?.used ?? 0)) / count),
        ),
        goal: { of: 'ours', limit: 'at most', value: 1_024 },
      },
    ],
  };
};

function startService(): Child<WholeService> {
  return startChild<WholeService>('children/whole-service.ts', { execArgv: ['--expose-gc'] });
}

/** Starts so many processes, and stops the service when all of them wait. */
async function fill(run: Run, folder: string, count: number): Promise<void> {
  const service = startService();
  // No limit: all starts are to be accepted, however fast they come.
  const url = await service.call('start', { folder, env: { BACKLOG_MAX: '0' } });
  const caller = openCaller(url, STARTERS);
  const began = performance.now();
  let left = count;
  const starter = async (): Promise<void> => {
    while (left > 0) {
      left--;
      await caller.start(WAITING_KEY);
    }
  };
  await Promise.all(Array.from({ length: STARTERS }, starter));
  const allWait = async (): Promise<boolean> => {
    const { running, unpublished } = await service.call('unfinished', {});
    return running === count && unpublished === 0;
  };
  await until(allWait, 'all processes wait', START_TIMEOUT_MS);
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  if (count > 0) run.progress(`waiting: started ${count.toLocaleString('en')} in ${seconds} s`);
  await caller.close();
  await service.call('stop', {});
  await service.stop();
}

async function restart(folder: string): Promise<Restart> {
  const began = performance.now();
  const service = startService();
  await service.call('start', { folder });
  const ready = performance.now() - began;
  const { used } = await service.call('memory', {});
  await service.stop();
  return { ready, used };
}
