import { createHash } from 'node:crypto';

/** A source of numbers that the same text always gives again. */
export interface Randomness {
  /** At least 0, less than 1. */
  next(): number;
  below(n: number): number;
  pick<T>(list: readonly T[]): T;
}

/** mulberry32, from the hash of a text. */
export function seeded(text: string): Randomness {
  const hash = createHash('sha256').update(text).digest('hex');
  let state = Number.parseInt(hash.slice(0, 8), 16);
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }
  const below = (n: number): number => Math.floor(next() * n);
  return {
    next,
    below,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new Error('there is nothing to pick from');
      return list[below(list.length)] as T;
    },
  };
}
