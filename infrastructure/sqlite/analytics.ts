import { type AnalyticsDialect, MESSAGE_BEGINNING } from '../sql/analytics-subject.ts';

/** A Julian day is a double that tells times of ours apart to some 40 microseconds. */
const MS_PER_DAY = 86_400_000;

export const sqliteAnalytics: AnalyticsDialect = {
  msBetween: (from, to) =>
    `CAST(ROUND((JULIANDAY(${to}) - JULIANDAY(${from})) * ${MS_PER_DAY}) AS INTEGER)`,
  message: (column) => `SUBSTR(${column}, 1, ${MESSAGE_BEGINNING})`,
  pieces:
    '(SELECT value ->> 0 AS slice, value ->> 1 AS minutes, value ->> 2 AS since, value ->> 3 AS until FROM JSON_EACH(?))',
  time: (iso) => iso,
  // The left table of a CROSS JOIN is the outer loop (https://sqlite.org/optoverview.html#crossjoin).
  seekEach: '',
};
