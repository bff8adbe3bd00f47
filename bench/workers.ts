import type { WholeService } from './children/whole-service.ts';
import { type Benchmark, type Figures, type Report, type Run, rowOf } from './support/benchmark.ts';
import { openCaller } from './support/caller.ts';
import { runCallers } from './support/callers.ts';
import { startChild } from './support/child.ts';
import { inProduction, type Production } from './support/production.ts';
import { formatFigure } from './support/table.ts';

const CALLERS = 64;
const SECONDS = 5;
/** New workers warm up before each measurement, the engine's JVM before all of them. */
const WARM_UP_SECONDS = 3;
const FIRST_WARM_UP_SECONDS = 8;
const WORKERS = [1, 2, 4] as const;

/**
 * Processes per second with 1, 2 and 4 worker processes. One process answers the calls, relays and projects; the others
 * run the steps. All use one SQLite folder, one Redis and one Operaton. The baseline is one worker. On a machine with few
 * cores the workers share them with the engine and the other processes, so the figures show only whether more workers
 * disturb each other.
 */
export const workers: Benchmark = (run) =>
  inProduction('worker processes', (production) => measure(run, production));

async function measure(run: Run, { env }: Production): Promise<Report> {
  const folder = run.folder();
  const front = startChild<WholeService>('children/whole-service.ts');
  const roles = { ...env, ROLES: 'api,relay,projector' };
  const caller = openCaller(await front.call('start', { folder, env: roles }), CALLERS);
  const load = (seconds: number) => runCallers(CALLERS, run.seconds(seconds), caller.startAndWait);

  async function withWorkers(count: number): Promise<Figures<'perSecond'>> {
    const children = Array.from({ length: count }, () =>
      startChild<WholeService>('children/whole-service.ts'),
    );
    const only = { folder, env: { ...env, ROLES: 'worker' } };
    await Promise.all(children.map((child) => child.call('start', only)));
    await load(WARM_UP_SECONDS);
    const measured = await load(SECONDS);
    // The callers have their answers, but some reports to the engine may still be on their way.
    await Promise.all(children.map((child) => child.call('stop', {})));
    await Promise.all(children.map((child) => child.stop()));
    return measured;
  }

  run.progress('worker processes: warming up');
  const first = startChild<WholeService>('children/whole-service.ts');
  await first.call('start', { folder, env: { ...env, ROLES: 'worker' } });
  await load(FIRST_WARM_UP_SECONDS);
  await first.call('stop', {});
  await first.stop();

  const figures = new Map(WORKERS.map((count) => [count, [] as Figures<'perSecond'>[]]));
  for (let round = 1; round <= run.rounds; round++) {
    const shown: string[] = [];
    for (const [count, measured] of figures) {
      const one = await withWorkers(count);
      measured.push(one);
      shown.push(`${count}: ${formatFigure(one.perSecond, '/s')}`);
    }
    run.progress(`worker processes, round ${round} of ${run.rounds}: ${shown.join(', ')}`);
  }
  await caller.close();
  await front.call('stop', {});
  await front.stop();

  const [baseline = [], ...more] = figures.values();
  return {
    rows: more.map((ours, at) =>
      rowOf({ baseline, ours }, 'perSecond', {
        name: `four steps on Operaton, ${WORKERS[at + 1]} worker processes`,
        unit: '/s',
        baseline: '1 worker process',
        goal: null,
      }),
    ),
  };
}
