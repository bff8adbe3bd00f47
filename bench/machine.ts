import type { MachineChild } from './children/machine.ts';
import { type Benchmark, inTurns, rowOf } from './support/benchmark.ts';
import { startChild } from './support/child.ts';

const SECONDS = 2;
const WARM_UP_SECONDS = 2;
const BASELINE = 'four calls, variables through JSON';

/**
 * The BPMN machine (`domain/bpmn/`) alone, in a process of its own, on one core: the four-step process from its start to
 * its end, without database, queue or HTTP.
 *
 * Baseline: the same four steps as plain calls, whose variables go through JSON after each, for no engine can do less
 * that keeps them. Ours is measured twice: with the states handed from step to step, and with each state through JSON, as
 * when it is stored after each step and read again before the next.
 */
export const machine: Benchmark = async (run) => {
  const child = startChild<MachineChild>('children/machine.ts');
  await child.call('read', {});
  const plain = (seconds: number) => child.call('plain', { seconds: run.seconds(seconds) });
  const ours = (stored: boolean, seconds: number) =>
    child.call('machine', { stored, seconds: run.seconds(seconds) });

  run.progress('machine: warming up');
  await plain(WARM_UP_SECONDS);
  for (const stored of [false, true]) await ours(stored, WARM_UP_SECONDS);
  const sides = (stored: boolean) => ({
    baseline: () => plain(SECONDS),
    ours: () => ours(stored, SECONDS),
  });
  const memory = await inTurns(run, 'machine', [['perSecond', '/s']], sides(false));
  const stored = await inTurns(run, 'machine, states as JSON', [['perSecond', '/s']], sides(true));
  await child.stop();
  return {
    rows: [
      rowOf(memory, 'perSecond', {
        name: 'BPMN machine, four steps, one core',
        unit: '/s',
        baseline: BASELINE,
        goal: { of: 'ours', limit: 'at least', value: 20_000 },
      }),
      rowOf(stored, 'perSecond', {
        name: 'BPMN machine, four steps, states as JSON',
        unit: '/s',
        baseline: BASELINE,
        goal: null,
      }),
    ],
  };
};
