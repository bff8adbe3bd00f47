import { describe, expect, it } from 'vitest';
import { createBatchSize } from '../../../domain/common/batch-size.ts';

/** Sizes of the batches, where a process takes so many milliseconds as `cost` says for each batch. */
function sizesOf(limit: number, costs: readonly number[]): number[] {
  const size = createBatchSize(limit);
  return costs.map((cost) => {
    const processes = size.next();
    size.learn(processes, processes * cost);
    return processes;
  });
}

describe('the size of a batch', () => {
  it('grows from a small one to what takes 50 ms, no faster than twice at a time', () => {
    expect(sizesOf(500, [0.5, 0.5, 0.5, 0.5, 0.5])).toEqual([20, 40, 80, 100, 100]);
  });

  it('shrinks at once to what takes 50 ms, and is one process at least', () => {
    expect(sizesOf(500, [1, 10, 1_000, 1_000])).toEqual([20, 40, 5, 1]);
  });

  it('is never above the limit', () => {
    expect(sizesOf(30, [0.01, 0.01, 0.01])).toEqual([20, 30, 30]);
    expect(sizesOf(1, [0.01, 0.01])).toEqual([1, 1]);
  });

  it('grows where a transaction costs the same for one as for many, when it may take longer than that', () => {
    const size = createBatchSize(500, 250);
    for (let at = 0; at < 10; at++) size.learn(size.next(), 120 + size.next() / 2);
    expect(size.next()).toBeGreaterThan(200);
  });

  it('follows what the next one should take', () => {
    const size = createBatchSize(500);
    for (let at = 0; at < 10; at++) size.learn(size.next(), size.next(), 150);
    expect(size.next()).toBe(150);
    size.learn(150, 150);
    expect(size.next()).toBe(50);
  });

  it('does not shrink after a batch that found little to move', () => {
    const size = createBatchSize(500);
    size.learn(20, 10);
    size.learn(1, 0);
    expect(size.next()).toBe(50);
  });
});
