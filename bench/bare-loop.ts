import type { BareLoop } from './children/bare-loop.ts';
import type { WholeService } from './children/whole-service.ts';
import { type Benchmark, inTurns, rowOf } from './support/benchmark.ts';
import { openCaller } from './support/caller.ts';
import { runCallers } from './support/callers.ts';
import { startChild } from './support/child.ts';

const CALLERS = 64;
const ALONE_SECONDS = 3;
const TOGETHER_SECONDS = 5;
const WARM_UP_SECONDS = 4;
const BASELINE = 'bare loop on the same event store';

/**
 * How much of what the event store allows is left of it: the four-step process over HTTP, from its start to its result.
 *
 * Baseline: Fastify with the service's schema for the body, and behind it a loop that calls the four steps and appends
 * the same events as the service to the same event store, each durable before the next. No engine, no jobs, no
 * projection, no checks: no service with this journal can be faster. Ours: the whole service with everything embedded.
 */
export const bareLoop: Benchmark = async (run) => {
  const loop = startChild<BareLoop>('children/bare-loop.ts');
  const service = startChild<WholeService>('children/whole-service.ts');
  const bareCaller = openCaller(await loop.call('start', { folder: run.folder() }), CALLERS);
  const caller = openCaller(await service.call('start', { folder: run.folder() }), CALLERS);
  const bare = (callers: number, seconds: number) =>
    runCallers(callers, run.seconds(seconds), bareCaller.startAndWait);
  const ours = (callers: number, seconds: number) =>
    runCallers(callers, run.seconds(seconds), caller.startAndWait);

  run.progress('bare loop: warming up');
  await bare(CALLERS, WARM_UP_SECONDS);
  await ours(CALLERS, WARM_UP_SECONDS);
  const alone = await inTurns(run, 'bare loop, one caller', [['p50', 'ms']], {
    baseline: () => bare(1, ALONE_SECONDS),
    ours: () => ours(1, ALONE_SECONDS),
  });
  const together = await inTurns(run, `bare loop, ${CALLERS} callers`, [['perSecond', '/s']], {
    baseline: () => bare(CALLERS, TOGETHER_SECONDS),
    ours: () => ours(CALLERS, TOGETHER_SECONDS),
  });
  await Promise.all([bareCaller.close(), caller.close()]);
  await Promise.all([loop.stop(), service.stop()]);
  return {
    rows: [
      rowOf(alone, 'p50', {
        name: 'four steps against a bare loop, alone: p50',
        unit: 'ms',
        baseline: BASELINE,
        goal: null,
      }),
      rowOf(together, 'perSecond', {
        name: `four steps against a bare loop, ${CALLERS} callers`,
        unit: '/s',
        baseline: BASELINE,
        goal: { of: 'ratio', limit: 'at least', value: 0.5 },
      }),
    ],
  };
};
