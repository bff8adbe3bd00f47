import type { WaitroomChild } from './children/waitroom.ts';
import { type Benchmark, inTurns, rowOf } from './support/benchmark.ts';
import { startChild } from './support/child.ts';

const FEW = 1_000;
const MANY = 100_000;
const WOKEN = 10_000;

/**
 * Callers who wait in the waitroom, in a process of their own that can ask for a garbage collection.
 *
 * Memory: the growth of the heap, per waiter, with its correlation id and its timer in it; each waits
 * for a process of its own.
 *
 * Wake-up: the processor time from the notification until the waiter runs on, for 10,000 of 100,000.
 * In the baseline those 100,000 sit in 100 rooms of 1,000, in ours in one: what the caches do not hold
 * costs both the same, and the difference is what the size of a room costs. It must cost nothing; a
 * search through the waiters would make it 100 times as long.
 */
export const waiters: Benchmark = async (run) => {
  const child = startChild<WaitroomChild>('children/waitroom.ts', { execArgv: ['--expose-gc'] });
  const measure = (rooms: number) => () =>
    child.call('measure', { rooms, waiters: MANY, wake: WOKEN });
  const sides = { baseline: measure(MANY / FEW), ours: measure(1) };
  await sides.baseline();
  await sides.ours();
  const rounds = await inTurns<'bytes' | 'wakeUp'>(
    run,
    'waiters',
    [
      ['bytes', 'bytes'],
      ['wakeUp', 'µs'],
    ],
    sides,
  );
  await child.stop();
  const many = MANY.toLocaleString('en');
  return {
    rows: [
      {
        name: `memory of a waiter, of ${many}`,
        unit: 'bytes',
        baseline: null,
        ours: rounds.ours.map(({ bytes }) => bytes),
        goal: { of: 'ours', limit: 'at most', value: 1_024 },
      },
      rowOf(rounds, 'wakeUp', {
        name: `wake-up of a waiter, of ${many}`,
        unit: 'µs',
        baseline: `the same in rooms of ${FEW.toLocaleString('en')}`,
        goal: { of: 'ratio', limit: 'at most', value: 1.5 },
      }),
    ],
  };
};
