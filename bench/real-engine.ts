import { startRealEngine } from '../test/support/engines/start-engine.ts';
import type { BareWorker } from './children/bare-worker.ts';
import type { WholeService } from './children/whole-service.ts';
import { type Benchmark, inTurns, type Report, type Run, rowOf } from './support/benchmark.ts';
import { openCaller } from './support/caller.ts';
import { runCallers } from './support/callers.ts';
import { startChild } from './support/child.ts';
import { inProduction, type Production } from './support/production.ts';

const CALLERS = 64;
const ALONE_SECONDS = 3;
const TOGETHER_SECONDS = 5;
/** Long enough for the engine's JVM to compile its hot code. */
const WARM_UP_SECONDS = 10;
const BASELINE = 'bare worker on Operaton';

/**
 * The four-step process on a real Operaton (H2 in memory), from its start to its result.
 *
 * Baseline: Camunda's external-task client in one process with the program that starts the instances. Ours: the whole
 * service on SQLite and Redis, called over HTTP from another process. Each has an engine of its own, and is idle while the
 * other is measured: on one engine each new task also woke the poll of the other, for 1 to 3 ms of a process.
 *
 * The last rows are the bare worker again, with the variables that the service gives every instance for models and workers
 * elsewhere: what the engine takes for these is no work of the service.
 */
export const realEngine: Benchmark = (run) =>
  inProduction('four steps on Operaton', (production) => measure(run, production));

async function measure(run: Run, { env }: Production): Promise<Report> {
  const worker = startChild<BareWorker>('children/bare-worker.ts');
  const own = await startRealEngine('operaton');
  await worker.call('start', { folder: run.folder(), engineUrl: own.url });
  const service = startChild<WholeService>('children/whole-service.ts');
  const url = await service.call('start', { folder: run.folder(), env });
  const caller = openCaller(url, CALLERS);
  const bare = (callers: number, seconds: number, reserved = false) =>
    worker.call('measure', { callers, seconds: run.seconds(seconds), reserved });
  const ours = (callers: number, seconds: number) =>
    runCallers(callers, run.seconds(seconds), caller.startAndWait);

  run.progress('four steps on Operaton: warming up');
  await bare(CALLERS, WARM_UP_SECONDS);
  await ours(CALLERS, WARM_UP_SECONDS);
  const alone = await inTurns(run, 'four steps on Operaton, one caller', [['p50', 'ms']], {
    baseline: () => bare(1, ALONE_SECONDS),
    ours: () => ours(1, ALONE_SECONDS),
  });
  const what = `four steps on Operaton, ${CALLERS} callers`;
  const together = await inTurns(run, what, [['perSecond', '/s']], {
    baseline: () => bare(CALLERS, TOGETHER_SECONDS),
    ours: () => ours(CALLERS, TOGETHER_SECONDS),
  });
  const reservedAlone = await inTurns(
    run,
    'four steps on Operaton, reserved variables, one caller',
    [['p50', 'ms']],
    { baseline: () => bare(1, ALONE_SECONDS), ours: () => bare(1, ALONE_SECONDS, true) },
  );
  const reserved = await inTurns(run, `${what}, reserved variables`, [['perSecond', '/s']], {
    baseline: () => bare(CALLERS, TOGETHER_SECONDS),
    ours: () => bare(CALLERS, TOGETHER_SECONDS, true),
  });
  await caller.close();
  await service.call('stop', {});
  await Promise.all([worker.stop(), service.stop(), own.stop()]);
  return {
    rows: [
      rowOf(alone, 'p50', {
        name: 'four steps on Operaton, alone: p50',
        unit: 'ms',
        baseline: BASELINE,
        goal: { of: 'ratio', limit: 'at most', value: 1.25 },
      }),
      rowOf(together, 'perSecond', {
        name: what,
        unit: '/s',
        baseline: BASELINE,
        goal: { of: 'ratio', limit: 'at least', value: 0.8 },
      }),
      rowOf(reservedAlone, 'p50', {
        name: 'bare worker with the reserved variables, alone: p50',
        unit: 'ms',
        baseline: BASELINE,
        goal: null,
      }),
      rowOf(reserved, 'perSecond', {
        name: `bare worker with the reserved variables, ${CALLERS} callers`,
        unit: '/s',
        baseline: BASELINE,
        goal: null,
      }),
    ],
  };
}
