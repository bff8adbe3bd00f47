import { type AnalyticsDialect, MESSAGE_BEGINNING } from '../sql/analytics-subject.ts';

export const mssqlAnalytics: AnalyticsDialect = {
  // An INT would be full after 24 days.
  msBetween: (from, to) => `DATEDIFF_BIG(MILLISECOND, ${from}, ${to})`,
  // The collation of a database takes A and a for the same letter, as a rule.
  message: (column) => `SUBSTRING(${column}, 1, ${MESSAGE_BEGINNING}) COLLATE Latin1_General_BIN2`,
  pieces: `(SELECT slice, minutes, since, until FROM OPENJSON(?)
    WITH (slice INT '$[0]', minutes INT '$[1]', since DATETIME2(3) '$[2]', until DATETIME2(3) '$[3]'))`,
  // The columns have no zone: all times are UTC.
  time: (iso) => iso.replace('Z', ''),
  seekEach: 'OPTION (LOOP JOIN, FORCE ORDER)',
};
