import { InvalidArgumentError } from 'commander';

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
/** Milliseconds; a century. */
const LONGEST = 36_500 * UNITS.d;

/**
 * Reads a time that an option gives: a whole number and its unit.
 *
 * @returns milliseconds
 * @throws InvalidArgumentError
 */
export function readDuration(text: string): number {
  const [, amount, unit] = /^(0|[1-9]\d{0,8})([smhdw])$/.exec(text) ?? [];
  const time = Number(amount) * UNITS[unit as keyof typeof UNITS];
  if (time <= LONGEST) return time;
  throw new InvalidArgumentError('It must be a number and its unit, e.g. 30s, 5m, 12h, 90d, 4w.');
}
