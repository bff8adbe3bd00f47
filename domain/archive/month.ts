import type { Timestamp } from '../common/index.ts';

/** A month of UTC, for example `2026-03`. */
export type Month = string;

export function startOfMonth(month: Month): Timestamp {
  return `${month}-01T00:00:00.000Z`;
}

/** The start of the month after it. */
export function endOfMonth(month: Month): Timestamp {
  const date = new Date(startOfMonth(month));
  date.setUTCMonth(date.getUTCMonth() + 1);
  return date.toISOString();
}
