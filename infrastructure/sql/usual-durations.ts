import {
  DAY_IN_MINUTES,
  decodeHistogram,
  type Histogram,
  mergeInto,
  percentiles,
} from '../../domain/rollups/index.ts';
import type { ReadQueries } from './read-queries.ts';

/** Completed processes that a percentile needs. */
const MIN_COMPLETED = 20;
/** The recent time that is usually enough. */
const RECENT_MS = 30 * 86_400_000;

/**
 * The 99th percentile of the durations of completed processes, by process name as it is stored: of the last 30 days if
 * enough completed, otherwise of all time. Names with too few are left out.
 *
 * @param now milliseconds of the epoch
 * @returns milliseconds, within one per cent
 */
export async function usualDurations(
  reads: ReadQueries,
  now: number,
  signal?: AbortSignal,
): Promise<Map<string, number>> {
  const since = new Date(now - RECENT_MS).toISOString();
  const recent = await merged(reads, (rows) => rows.where('bucket_start', '>=', reads.time(since)));
  const names = [...recent.keys()];
  const seldom = await merged(reads, (rows) =>
    names.length === 0 ? rows : rows.whereNotIn('process_name', names.map(reads.key) as string[]),
  );
  return new Map([...recent, ...seldom]);

  async function merged(
    { knex, rows, key }: ReadQueries,
    narrow: (rows: ReturnType<typeof knex>) => ReturnType<typeof knex>,
  ): Promise<Map<string, number>> {
    const histograms = new Map<string, Histogram>();
    const query = narrow(
      knex('process_rollup')
        .select('process_name', 'histogram')
        .where('generation', knex('rollup_state').max('generation').where('is_current', 1))
        .where('grain', DAY_IN_MINUTES)
        .where('event_type', key('process-completed')),
    );
    const found = await rows<{ process_name: string; histogram: string | null }>(query, signal);
    for (const { process_name: name, histogram } of found) {
      const whole = histograms.get(name) ?? new Map();
      mergeInto(whole, decodeHistogram(histogram));
      histograms.set(name, whole);
    }
    const usual = new Map<string, number>();
    for (const [name, histogram] of histograms) {
      const count = [...histogram.values()].reduce((sum, one) => sum + one, 0);
      const [p99 = null] = percentiles(histogram, [0.99]);
      if (count >= MIN_COMPLETED && p99 !== null) usual.set(name, Math.ceil(p99));
    }
    return usual;
  }
}
