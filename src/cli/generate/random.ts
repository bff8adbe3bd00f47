/** A source of chance that gives the same for the same seed, many million times a second. */
export interface Random {
  /** From 0 to 1, 1 excluded. */
  next(): number;
  /** From `least` to `most`, both included. */
  between(least: number, most: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly [T, ...T[]]): T;
  /** Lower-case hexadecimal digits, a multiple of 8 of them. */
  hex(digits: number): string;
  /** A UUID of version 4 (https://www.rfc-editor.org/rfc/rfc9562). */
  uuid(): string;
  /** A UUID of version 7, which sorts by the given time in milliseconds. */
  timeOrderedUuid(at: number): string;
}

/** Numbers thrown away until the seed has mixed with all of the state. */
const WARM_UP = 16;

/** Chris Doty-Humphrey's sfc32, of PractRand (https://pracrand.sourceforge.net/RNG_engines.txt). */
export function createRandom(seed: number): Random {
  let a = 0x9e3779b9;
  let b = seed | 0;
  let c = Math.floor(seed / 2 ** 32) | 0;
  let counter = 1;

  function next32(): number {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  const next = (): number => next32() / 2 ** 32;
  const between = (least: number, most: number): number =>
    least + Math.floor(next() * (most - least + 1));
  function hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += next32().toString(16).padStart(8, '0');
    return text;
  }
  /** The half of a UUID that says its variant. */
  function lowerHalf(): string {
    const text = hex(16);
    return `${'89ab'[next32() & 3]}${text.slice(1, 4)}-${text.slice(4)}`;
  }

  for (let count = 0; count < WARM_UP; count++) next32();
  return {
    next,
    between,
    chance: (probability) => next() < probability,
    pick: <T>(choices: readonly [T, ...T[]]): T => choices[between(0, choices.length - 1)] as T,
    hex,
    uuid() {
      const text = hex(16);
      return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13)}-${lowerHalf()}`;
    },
    timeOrderedUuid(at) {
      const time = at.toString(16).padStart(12, '0');
      return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(8).slice(0, 3)}-${lowerHalf()}`;
    },
  };
}
