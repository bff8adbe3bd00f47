import sql from 'mssql';
import type { EventStore, Page, PageSize, StoredEvent } from '../../domain/process/index.ts';
import { pageOf } from '../sql/bounded-rows.ts';
import { EVENT_COLUMNS, type EventRow } from '../sql/columns.ts';
import { afterPrefix, type FoundEventRow, fromEventRow } from '../sql/event-row.ts';
import { isoTimes } from './connection.ts';
import { withRetry } from './retry.ts';
import { requestFor, rowsOf } from './statements.ts';
import { readBounded } from './stream-rows.ts';

export type Row = EventRow & Partial<Pick<FoundEventRow, 'archived_at'>> & { id: string };

const COLUMNS = `id, ${EVENT_COLUMNS.join(', ')}`;
export const LIVE = `${COLUMNS}, CAST(NULL AS DATETIME2(3)) AS archived_at FROM event_log`;
export const ARCHIVED = `${COLUMNS}, archived_at FROM event_log_archive`;

/**
 * Reads the archive only when the log has nothing: pages of an archive are rarely in memory. A stream may be restored
 * between the two reads: when the archive has nothing either, the log is read again.
 */
export const liveElseArchived = (top: string, rest: string): string =>
  `SELECT ${top} ${LIVE} ${rest};
IF @@ROWCOUNT = 0
BEGIN
  SELECT ${top} ${ARCHIVED} ${rest};
  IF @@ROWCOUNT = 0 SELECT ${top} ${LIVE} ${rest};
END`;

export const STREAM =
  'WHERE correlation_id = @correlation_id AND version > @after ORDER BY version';
const PREFIX = 'WHERE dedupe_key >= @from AND dedupe_key < @to ORDER BY id';
const TRACE = 'WHERE traceability_id = @trace AND id > @afterId';

/** The look-ups of the event store on SQL Server. */
export function createEventReads(pool: sql.ConnectionPool): Omit<EventStore, 'append'> {
  async function select(statement: string, request: sql.Request) {
    const { recordsets } = await withRetry(() => request.query(statement));
    return (recordsets as unknown as Row[][]).flat().map(fromRow);
  }

  async function page(
    statement: string,
    { limit, maxBytes }: PageSize,
    request: () => sql.Request,
  ): Promise<Page<StoredEvent>> {
    const found = await withRetry(() =>
      readBounded<Row>(request().input('limit', sql.Int, limit + 1), statement, maxBytes),
    );
    return pageOf(found, { limit }, fromRow);
  }

  return {
    pageStream: (correlationId, { afterVersion, ...size }) =>
      page(liveElseArchived('TOP (@limit)', STREAM), size, () =>
        requestFor(pool, correlationId).input('after', sql.Int, afterVersion),
      ),
    readStream: (correlationId, { afterVersion = 0, limit } = {}) =>
      select(
        liveElseArchived(limit === undefined ? '' : 'TOP (@limit)', STREAM),
        requestFor(pool, correlationId)
          .input('after', sql.Int, afterVersion)
          .input('limit', sql.Int, limit ?? null),
      ),
    async lastVersion(correlationId) {
      const [row] = await rowsOf<{ version: number | null }>(
        requestFor(pool, correlationId),
        'SELECT MAX(version) AS version FROM event_log WHERE correlation_id = @correlation_id',
      );
      return row?.version ?? 0;
    },
    findByDedupePrefix: (prefix) =>
      select(
        liveElseArchived('', PREFIX),
        pool
          .request()
          .input('from', sql.VarChar(255), prefix)
          .input('to', sql.VarChar(255), afterPrefix(prefix)),
      ),
    // Some processes of a trace may be live and others archived.
    findByTrace: (traceabilityId, { afterId = '0', ...size }) =>
      page(
        `SELECT TOP (@limit) * FROM (SELECT ${LIVE} ${TRACE} UNION ALL SELECT ${ARCHIVED} ${TRACE}) AS both_logs
         ORDER BY id`,
        size,
        () =>
          pool
            .request()
            .input('trace', sql.VarChar(255), traceabilityId)
            .input('afterId', sql.BigInt, afterId),
      ),
  };
}

export function fromRow(row: Row): StoredEvent {
  const { id, ...rest } = isoTimes(row);
  return fromEventRow(String(id), rest);
}
