import {
  type Analytics,
  boundsOf,
  type ProcessQuestion,
  type StepQuestion,
} from '../../domain/rollups/index.ts';
import { GENERATED_UNTIL } from './generated.ts';

const UNTIL = Date.parse(GENERATED_UNTIL);
const DAY_MS = 86_400_000;
const YEAR = [UNTIL - 366 * DAY_MS, UNTIL] as const;
/** Starts and ends within a bucket, as the last 24 hours do. */
const DAY = [UNTIL - 5 * DAY_MS - 12_345_678, UNTIL - 4 * DAY_MS - 12_345_678] as const;
const ENDS = ['process-completed', 'process-failed', 'process-cancelled'] as const;

/** A question, and the SQL that a person would write for it, with the parameters `from` and `to`. */
export interface BenchQuestion {
  name: string;
  ask(analytics: Analytics, exact: boolean): Promise<unknown>;
  raw: { sql: string; range: readonly [from: number, to: number] };
}

const ALL = (columns: string, where: string): string =>
  ['event_log', 'event_log_archive']
    .map(
      (table) =>
        `SELECT ${columns} FROM ${table} WHERE created_at >= @from AND created_at < @to AND ${where}`,
    )
    .join(' UNION ALL ');

/** Percentiles by row number, because SQLite has no function for them. */
function ranked(keys: string, inner: string): string {
  const rank = (share: number): string => `MIN(CASE WHEN row_no >= ${share} * timed THEN ms END)`;
  return `SELECT ${keys}, COUNT(*), SUM(failed), MIN(ms), AVG(ms), MAX(ms), ${rank(0.5)}, ${rank(0.95)}, ${rank(0.99)}
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY ${keys}, ms IS NULL ORDER BY ms) AS row_no, COUNT(ms) OVER (PARTITION BY ${keys}) AS timed FROM (${inner}))
GROUP BY ${keys}`;
}

const STEPS = ranked(
  'process_name, step_name',
  ALL(
    "process_name, step_name, execution_time AS ms, CASE WHEN status = 'error' THEN 1 ELSE 0 END AS failed",
    "event_type IN ('step-completed', 'step-failed')",
  ),
);
const DURATIONS = ranked(
  'process_name',
  ['event_log', 'event_log_archive']
    .map(
      (table) =>
        `SELECT last.process_name, 0 AS failed, ROUND((JULIANDAY(last.created_at) - JULIANDAY(first.created_at)) * 86400000) AS ms
FROM ${table} AS last JOIN ${table} AS first ON first.correlation_id = last.correlation_id AND first.version = 1
WHERE last.created_at >= @from AND last.created_at < @to AND last.event_type IN ('process-completed', 'process-failed', 'process-cancelled')`,
    )
    .join(' UNION ALL '),
);
const DAYS = `SELECT DATE(created_at, '+1 hour') AS day, event_type, COUNT(*) FROM (${ALL('created_at, event_type', "event_type IN ('process-requested', 'process-completed', 'process-failed', 'process-cancelled', 'process-retried')")}) GROUP BY day, event_type`;
const MESSAGES = `SELECT error_message, COUNT(*) AS failures, AVG(execution_time) FROM (${ALL('error_message, execution_time', "event_type = 'step-failed'")}) GROUP BY error_message ORDER BY failures DESC LIMIT 20`;

const steps =
  (question: Omit<StepQuestion, 'exact'>) =>
  (analytics: Analytics, exact: boolean): Promise<unknown> =>
    analytics.steps({ ...question, exact });
const processes =
  (question: Omit<ProcessQuestion, 'exact'>) =>
  (analytics: Analytics, exact: boolean): Promise<unknown> =>
    analytics.processes({ ...question, exact });

export const QUESTIONS: readonly BenchQuestion[] = [
  {
    name: 'steps of a year',
    ask: steps({ bounds: [...YEAR], groupBy: ['process', 'step'] }),
    raw: { sql: STEPS, range: YEAR },
  },
  {
    name: 'steps of 24 hours',
    ask: steps({ bounds: [...DAY], groupBy: ['process', 'step'] }),
    raw: { sql: STEPS, range: DAY },
  },
  {
    name: 'throughput per day in Berlin',
    ask: processes({
      bounds: boundsOf(...YEAR, 'day', 'Europe/Berlin'),
      groupBy: ['eventType'],
      types: ['process-requested', 'process-retried', ...ENDS],
      durations: false,
    }),
    raw: { sql: DAYS, range: YEAR },
  },
  {
    name: 'process durations of a year',
    ask: processes({ bounds: [...YEAR], groupBy: ['process'], types: ENDS, durations: true }),
    raw: { sql: DURATIONS, range: YEAR },
  },
  {
    name: 'top errors of a year',
    ask: steps({ bounds: [...YEAR], groupBy: ['errorMessage'] }),
    raw: { sql: MESSAGES, range: YEAR },
  },
  {
    name: 'steps per day in Kolkata',
    ask: steps({
      bounds: boundsOf(...YEAR, 'day', 'Asia/Kolkata'),
      groupBy: ['process', 'step'],
    }),
    raw: {
      sql: STEPS.replaceAll('process_name, step_name', 'process_name, step_name, day').replaceAll(
        'SELECT process_name, step_name, day, execution_time',
        "SELECT process_name, step_name, DATE(created_at, '+330 minutes') AS day, execution_time",
      ),
      range: YEAR,
    },
  },
];
