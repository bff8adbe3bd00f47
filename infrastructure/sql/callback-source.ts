import type { Knex } from 'knex';
import {
  type Callback,
  type CallbackSource,
  type CalledBackEvent,
  COLLECTED_TYPES,
} from '../../domain/callbacks/index.ts';
import type { FeedRows } from './feed-rows.ts';
import { decodeName } from './process-name.ts';
import type { ReadQueries } from './read-queries.ts';

const COLUMNS = ['correlation_id', 'version', 'event_type', 'process_name'] as const;

/** The events of the feed that somebody may be called back for, once for both databases. */
export function createCallbackSource(rows: FeedRows, reads: ReadQueries): CallbackSource {
  /** What the starts of these processes ask for. */
  async function callbacksOf(
    correlationIds: readonly string[],
    signal: AbortSignal,
  ): Promise<Map<string, Callback>> {
    const found = new Map<string, Callback>();
    if (correlationIds.length === 0) return found;
    const ids = correlationIds.map(reads.key) as string[];
    // In one statement, so that a process that moves meanwhile is in one of them.
    const [live, archived] = ['event_log', 'event_log_archive'].map((table) =>
      reads
        .knex(table)
        .select('correlation_id', 'metadata')
        .where('version', 1)
        .whereIn('correlation_id', ids)
        .where('metadata', 'like', '%"callback":{%'),
    ) as [Knex.QueryBuilder, Knex.QueryBuilder];
    type Row = { correlation_id: string; metadata: string };
    for (const row of await reads.rows<Row>(live.unionAll(archived), signal)) {
      const { callback } = JSON.parse(row.metadata) as { callback?: Callback };
      if (callback) found.set(row.correlation_id, callback);
    }
    return found;
  }

  return {
    async page(after, limit, signal) {
      const filter = { types: COLLECTED_TYPES };
      const query = { after, limit, filter, archived: true, columns: COLUMNS };
      const { items, lookedTo, atEnd } = await rows.page(query, signal);
      const ids = [...new Set(items.map((row) => row.correlation_id))];
      const callbacks = await callbacksOf(ids, signal);
      return {
        lookedTo,
        atEnd,
        items: items.map((row) => ({
          type: row.event_type as CalledBackEvent,
          correlationId: row.correlation_id,
          processKey: decodeName(row.process_name ?? ''),
          version: row.version,
          position: String(row.position),
          callback: callbacks.get(row.correlation_id) ?? null,
        })),
      };
    },
  };
}
