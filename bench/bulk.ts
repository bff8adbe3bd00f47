import type { BulkRunnerChild } from './children/bulk-runner.ts';
import { type Benchmark, inTurns, rowOf } from './support/benchmark.ts';
import { startChild } from './support/child.ts';

/** Processes that the run cancels in a second: the default, and the most that a caller may ask for. */
const RATES = [50, 1_000];
const SECONDS = 10;

/**
 * Live appends beside a bulk run: 50 a second, each of 1.5 KB, in the process that also cancels, p50 and p99 from the call
 * to the commit.
 *
 * Baseline: the same appends to the same database while no run is active.
 */
export const bulk: Benchmark = async (run) => {
  const seconds = run.seconds(SECONDS);
  const rows = [];
  for (const perSecond of RATES) {
    const name = `live appends beside a bulk run of ${perSecond}/s`;
    const measure = async (active: boolean) => {
      const child = startChild<BulkRunnerChild>('children/bulk-runner.ts');
      const measured = await child.call('run', {
        folder: run.folder(),
        processes: Math.ceil(perSecond * seconds),
        perSecond: active ? perSecond : 0,
        seconds,
      });
      await child.stop();
      return measured;
    };
    const shown = [
      ['p50', 'ms'],
      ['p99', 'ms'],
      ['perSecond', '/s'],
    ] as const;
    const rounds = await inTurns(run, name, shown, {
      baseline: () => measure(false),
      ours: () => measure(true),
    });
    const baseline = 'the same without a run';
    rows.push(
      rowOf(rounds, 'p50', { name: `${name}, p50`, unit: 'ms', baseline, goal: null }),
      rowOf(rounds, 'p99', {
        name: `${name}, p99`,
        unit: 'ms',
        baseline,
        goal: { of: 'ratio', limit: 'at most', value: 2 },
      }),
    );
  }
  return { rows };
};
