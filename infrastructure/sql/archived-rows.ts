import type { Knex } from 'knex';
import type { ArchivedProcess, ArchivedVersion, Purge } from '../../domain/archive/index.ts';
import { EVENT_COLUMNS, PROCESS_COLUMNS, type ProcessRow } from './columns.ts';
import type { FoundEventRow } from './event-row.ts';
import type { ListDialect } from './list-processes.ts';

/** A row as the driver returns it: times as Date or ISO 8601, ids as number or text. */
type RawRow<Row> = {
  [Name in keyof Row]: Row[Name] | Date;
};
export type RawEvent = RawRow<FoundEventRow> & { id: number | string };
export type RawProcess = RawRow<ProcessRow & { archived_at: string }>;

/** Reads the archive row by row, as it is stored. */
export interface ArchivedRows extends Pick<Purge, 'list' | 'preview'> {
  /** The rows of these processes, and those of their events in the order of their versions. */
  read(
    processes: readonly ArchivedVersion[],
  ): Promise<{ processes: RawProcess[]; events: RawEvent[] }>;
}

/** Once for both databases: these reads are in bulk, and not urgent. */
export function createArchivedRows(
  knex: Knex,
  { key, time }: Pick<ListDialect, 'key' | 'time'>,
): ArchivedRows {
  /** Archived processes, without those that still have to be erased in the engine: their events name the instance. */
  const purgeable = (): Knex.QueryBuilder =>
    knex('process_store_archive').whereNotExists(
      knex('process_key')
        .select(knex.raw('1'))
        .whereRaw(
          'process_key.correlation_id = process_store_archive.correlation_id AND erased_at IS NOT NULL AND engine_erased_at IS NULL',
        ),
    );

  return {
    async list({ changedFrom, changedBefore, after, limit }) {
      const query = purgeable()
        .select('correlation_id', 'version', 'updated_at')
        .where('updated_at', '<', time(changedBefore))
        .orderBy(['updated_at', 'correlation_id'])
        .limit(limit);
      if (changedFrom) query.where('updated_at', '>=', time(changedFrom));
      if (after) {
        const [at, id] = [time(after.updatedAt), key(after.correlationId)];
        query.where((either) =>
          either
            .where('updated_at', '>', at)
            .orWhere((same) => same.where('updated_at', at).andWhere('correlation_id', '>', id)),
        );
      }
      const rows: RawProcess[] = await query;
      return rows.map(
        (row): ArchivedProcess => ({
          correlationId: String(row.correlation_id),
          version: Number(row.version),
          updatedAt: iso(row.updated_at),
        }),
      );
    },
    async preview(changedBefore) {
      const [found] = await purgeable()
        .where('updated_at', '<', time(changedBefore))
        .select(
          knex.raw(
            'COUNT(*) AS processes, SUM(CAST(version AS BIGINT)) AS events, MIN(updated_at) AS oldest, MAX(updated_at) AS newest',
          ),
        );
      return {
        processes: Number(found?.processes ?? 0),
        events: Number(found?.events ?? 0),
        oldest: found?.oldest ? iso(found.oldest) : null,
        newest: found?.newest ? iso(found.newest) : null,
      };
    },
    async read(chosen) {
      const ids = chosen.map(({ correlationId }) => key(correlationId));
      const processes = await knex('process_store_archive')
        .select([...PROCESS_COLUMNS, 'archived_at'])
        .whereIn('correlation_id', ids as string[]);
      const events = await knex('event_log_archive')
        .select(['id', ...EVENT_COLUMNS, 'archived_at'])
        .whereIn('correlation_id', ids as string[])
        .orderBy(['correlation_id', 'version']);
      return { processes, events };
    },
  };
}

function iso(time: unknown): string {
  return new Date(time as string).toISOString();
}
