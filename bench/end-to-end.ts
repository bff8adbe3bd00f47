import type { BareWorker } from './children/bare-worker.ts';
import type { WholeService } from './children/whole-service.ts';
import { type Benchmark, inTurns, rowOf } from './support/benchmark.ts';
import { openCaller } from './support/caller.ts';
import { runCallers } from './support/callers.ts';
import { startChild } from './support/child.ts';

const CALLERS = 64;
const ALONE_SECONDS = 3;
const TOGETHER_SECONDS = 5;
const WARM_UP_SECONDS = 4;
const BASELINE = 'bare worker, same engine';

/**
 * A process of four trivial steps from its start to its result.
 *
 * Baseline: Camunda's external-task client on an embedded engine like that of the service, over the engine's REST API,
 * in one process with the engine and the program that starts the instances: no journal, no projection. Ours: the whole
 * service, called over HTTP from another process; it calls its engine directly. Every step is durable in the event log before it is reported to the engine, and the caller waits for
 * the 200. Both run all the time; one is idle while the other is measured.
 *
 * With one caller the figure is the duration of a process, with 64 callers it is processes per second; 1.25 times the
 * duration corresponds to 0.8 times the rate.
 */
export const endToEnd: Benchmark = async (run) => {
  const worker = startChild<BareWorker>('children/bare-worker.ts');
  await worker.call('start', { folder: run.folder() });
  const service = startChild<WholeService>('children/whole-service.ts');
  const caller = openCaller(await service.call('start', { folder: run.folder() }), CALLERS);
  const bare = (callers: number, seconds: number) =>
    worker.call('measure', { callers, seconds: run.seconds(seconds) });
  const ours = (callers: number, seconds: number) =>
    runCallers(callers, run.seconds(seconds), caller.startAndWait);

  run.progress('end to end: warming up');
  await bare(CALLERS, WARM_UP_SECONDS);
  await ours(CALLERS, WARM_UP_SECONDS);
  const alone = await inTurns(run, 'end to end, one caller', [['p50', 'ms']], {
    baseline: () => bare(1, ALONE_SECONDS),
    ours: () => ours(1, ALONE_SECONDS),
  });
  const together = await inTurns(run, `end to end, ${CALLERS} callers`, [['perSecond', '/s']], {
    baseline: () => bare(CALLERS, TOGETHER_SECONDS),
    ours: () => ours(CALLERS, TOGETHER_SECONDS),
  });
  await caller.close();
  await Promise.all([worker.stop(), service.stop()]);
  return {
    rows: [
      rowOf(alone, 'p50', {
        name: 'four steps end to end, alone: p50',
        unit: 'ms',
        baseline: BASELINE,
        goal: { of: 'ratio', limit: 'at most', value: 1.25 },
      }),
      rowOf(together, 'perSecond', {
        name: `four steps end to end, ${CALLERS} callers`,
        unit: '/s',
        baseline: BASELINE,
        goal: { of: 'ratio', limit: 'at least', value: 0.8 },
      }),
    ],
  };
};
