import type { EventStore } from '../../domain/process/index.ts';
import { stepCompleted } from '../append.ts';

/** The live load during a long run; a higher one would only measure how the cores are shared. */
export const APPENDS_PER_SECOND = 50;

/**
 * Appends at that pace, each append to a stream of its own, without waiting for the ones before.
 *
 * @returns a function that stops the appends and returns the longest time from a call to its commit, in milliseconds
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
