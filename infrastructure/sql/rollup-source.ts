import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { type EventType, isFinal } from '../../domain/process/index.ts';
import { type RollupEvent, type RollupSource, shortMessage } from '../../domain/rollups/index.ts';
import type { FeedRow, FeedRows } from './feed-rows.ts';
import type { ReadQueries } from './read-queries.ts';

const COLUMNS = [
  'correlation_id',
  'version',
  'event_type',
  'process_name',
  'step_name',
  'target_system',
  'error_message',
  'execution_time',
  'created_at',
  'metadata',
] as const;
/** Streams of one look-up: SQL Server takes 2,100 parameters, and each stream needs one for each table. */
const MAX_STREAMS = 900;
const KEY_LENGTH = 32;

/** The events of the feed as the rollups need them, once for both databases. */
export function createRollupSource(rows: FeedRows, reads: ReadQueries): RollupSource {
  /** When the processes of these final events were requested, or were to begin after that. */
  async function requestTimes(
    items: readonly FeedRow[],
    signal?: AbortSignal,
  ): Promise<Map<string, string>> {
    const times = new Map<string, string>();
    for (const row of items) if (row.version === 1) times.set(row.correlation_id, beginOf(row));
    const ended = items.filter((row) => isFinal(row.event_type as EventType));
    const wanted = [...new Set(ended.map((row) => row.correlation_id))].filter(
      (id) => !times.has(id),
    );
    for (let at = 0; at < wanted.length; at += MAX_STREAMS) {
      const ids = wanted.slice(at, at + MAX_STREAMS).map(reads.key);
      // In one statement, so that a process that moves meanwhile is in one of them.
      const [live, archived] = ['event_log', 'event_log_archive'].map((table) =>
        reads
          .knex(table)
          .select('correlation_id', 'created_at', 'metadata')
          .where('version', 1)
          .whereIn('correlation_id', ids as string[]),
      ) as [Knex.QueryBuilder, Knex.QueryBuilder];
      type Found = Pick<FeedRow, 'correlation_id' | 'created_at' | 'metadata'>;
      for (const row of await reads.rows<Found>(live.unionAll(archived), signal)) {
        times.set(row.correlation_id, beginOf(row));
      }
    }
    return times;
  }

  return {
    async page(after, limit, signal) {
      const query = { after, limit, filter: {}, archived: true, columns: COLUMNS };
      const { items, ...page } = await rows.page(query, signal);
      const times = await requestTimes(items, signal);
      return { ...page, items: items.map((row) => toEvent(row, times)) };
    },
    head: rows.head,
  };
}

function toEvent(row: FeedRow, requested: ReadonlyMap<string, string>): RollupEvent {
  const type = row.event_type as EventType;
  return {
    type,
    // As it is stored, for that is what the rollups hold, too.
    processName: row.process_name ?? '',
    stepName: row.step_name,
    targetSystem: row.target_system ?? '',
    error: type === 'step-failed' ? errorOf(row.error_message ?? '') : null,
    executionTime: row.execution_time,
    createdAt: row.created_at,
    requestedAt: isFinal(type) ? (requested.get(row.correlation_id) ?? null) : null,
  };
}

/** As `beginOf` of the domain. Few requests have the field, so few metadata are parsed. */
function beginOf({
  created_at: createdAt,
  metadata,
}: Pick<FeedRow, 'created_at' | 'metadata'>): string {
  if (!metadata?.includes('"startAt"')) return createdAt;
  const { startAt } = JSON.parse(metadata) as { startAt?: unknown };
  return typeof startAt === 'string' && startAt > createdAt ? startAt : createdAt;
}

function errorOf(text: string): { key: string; message: string } {
  const message = shortMessage(text);
  return {
    key: createHash('sha256').update(message).digest('hex').slice(0, KEY_LENGTH),
    message,
  };
}
