import type { WaitroomChild } from './children/waitroom.ts';
import { type Benchmark, inTurns, rowOf } from './support/benchmark.ts';
import { startChild } from './support/child.ts';

const ROOM_OF_BASELINE = 1_000;
const WAITERS = 100_000;
const WOKEN = 10_000;

/**
 * Callers that wait in the waitroom, in a process of their own that can run a garbage collection.
 *
 * Memory: the growth of the heap per waiter, including its correlation id and its timer; each waits for a process of its
 * own.
 *
 * Wake-up: the CPU time from the notification until the waiter continues, for 10,000 of 100,000 waiters. In the baseline
 * the 100,000 wait in 100 rooms of 1,000, in ours in one room. Cache misses cost both the same, so the difference is the
 * cost of a larger room, which must be none; a search through the waiters would take 100 times as long.
 */
export const waiters: Benchmark = async (run) => {
  const child = startChild<WaitroomChild>('children/waitroom.ts', { execArgv: ['--expose-gc'] });
  const measure = (rooms: number) => () =>
    child.call('measure', { rooms, waiters: WAITERS, wake: WOKEN });
  const sides = { baseline: measure(WAITERS / ROOM_OF_BASELINE), ours: measure(1) };
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
  const count = WAITERS.toLocaleString('en');
  return {
    rows: [
      {
        name: `memory of a waiter, of ${count}`,
        unit: 'bytes',
        baseline: null,
        ours: rounds.ours.map(({ bytes }) => bytes),
        goal: { of: 'ours', limit: 'at most', value: 1_024 },
      },
      rowOf(rounds, 'wakeUp', {
        name: `wake-up of a waiter, of ${count}`,
        unit: 'µs',
        baseline: `the same in rooms of ${ROOM_OF_BASELINE.toLocaleString('en')}`,
        goal: { of: 'ratio', limit: 'at most', value: 1.5 },
      }),
    ],
  };
};
