import { type AnalyticsDialect, MESSAGE_BEGINNING } from '../sql/analytics-subject.ts';

export const mssqlAnalytics: AnalyticsDialect = {
  // An INT would be full after 24 days.
  msBetween: (from, to) => `DATEDIFF_BIG(MILLISECOND, ${from}, ${to})`,
  // The collation of a database takes A and a for the same letter, as a rule.
  message: (column) => `SUBSTRING(${column}, 1, ${MESSAGE_BEGINNING}) COLLATE Latin1_General_BIN2`,
};
