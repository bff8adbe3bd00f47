import type { EventStore } from '../../domain/process/index.ts';
import { stepCompleted } from '../append.ts';

/** The live traffic beside a long run: more callers at once would only measure how two cores are shared. */
export const APPENDS_PER_SECOND = 50;

/**
 * Appends at that pace, whatever became of the ones before, to streams of their own.
 *
 * @returns a function that ends it and tells the longest time from a call to its commit, in milliseconds
 */
export function appendPaced({ append }: Pick<EventStore, 'append'>): () => Promise<number> {
  let longest = 0;
  let count = 0;
  const open = new Set<Promise<void>>();
  const once = async (): Promise<void> => {
    const began = performance.now();
    await append(`live-${process.pid}-${count++}`, [stepCompleted()]);
    longest = Math.max(longest, performance.now() - began);
  };
  const timer = setInterval(() => {
    const one = once().finally(() => open.delete(one));
    open.add(one);
  }, 1_000 / APPENDS_PER_SECOND);
  return async () => {
    clearInterval(timer);
    await Promise.all(open);
    return longest;
  };
}
