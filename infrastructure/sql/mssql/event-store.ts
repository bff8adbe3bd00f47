import sql from 'mssql';
import { VersionConflictError } from '../../../domain/errors.ts';
import type { ProcessEvent, StoredEvent } from '../../../domain/events.ts';
import type { AppendResult, EventStore } from '../../../domain/ports.ts';
import {
  checkAppend,
  EVENT_COLUMNS,
  type EventRow,
  fromEventRow,
  stored,
  toEventRow,
} from '../event-row.ts';
import { isoTimes, withRetry } from './connection.ts';

export interface MssqlEventStoreOptions {
  pool: sql.ConnectionPool;
  leaseMs: number;
  onAppended: (events: readonly StoredEvent[]) => void;
}

type Row = EventRow & { id: string };

/** Columns that come from the event; the others are made by the statement. */
const GIVEN = EVENT_COLUMNS.filter(
  (name) => name !== 'correlation_id' && name !== 'version' && name !== 'created_at',
);
const TYPES: Partial<Record<keyof EventRow, () => sql.ISqlType>> = {
  schema_version: () => sql.SmallInt(),
  http_method: () => sql.VarChar(10),
  endpoint: () => sql.VarChar(500),
  event_type: () => sql.VarChar(50),
  status: () => sql.VarChar(50),
  request_data: () => sql.NVarChar(sql.MAX),
  response_data: () => sql.NVarChar(sql.MAX),
  error_message: () => sql.NVarChar(sql.MAX),
  identifiers: () => sql.NVarChar(sql.MAX),
  result: () => sql.NVarChar(sql.MAX),
  metadata: () => sql.NVarChar(sql.MAX),
  http_status_code: () => sql.Int(),
  step: () => sql.Int(),
  execution_time: () => sql.Int(),
};
const VARCHAR = (): sql.ISqlType => sql.VarChar(255);

/**
 * Appends events and their outbox rows in one round trip. The update lock on the stream's rows makes
 * appends to one stream wait for each other; two that begin a stream at the same moment meet at the
 * unique index, and the loser runs again. Identities follow the ORDER BY of the insert
 * (https://learn.microsoft.com/sql/t-sql/statements/insert-transact-sql#limitations-and-restrictions).
 *
 * Tried: all events as one JSON parameter through OPENJSON. It needs a cast for each column, and servers
 * that speak T-SQL without being SQL Server do not unescape its texts.
 */
function appendStatement(events: number, keys: number): string {
  const columns = GIVEN.join(', ');
  const rows = Array.from(
    { length: events },
    (_, at) => `(${at + 1}, ${GIVEN.map((name) => `@${name}${at}`).join(', ')})`,
  );
  const known =
    keys === 0
      ? ''
      : `SELECT @duplicate = MIN(id) FROM event_log WHERE dedupe_key IN (${names('key', keys)});`;
  return `
SET XACT_ABORT ON;
DECLARE @duplicate BIGINT, @version INT = 0;
BEGIN TRANSACTION;
${known}
SELECT @version = ISNULL(MAX(version), 0) FROM event_log WITH (UPDLOCK)
  WHERE correlation_id = @correlation_id;
IF @duplicate IS NULL AND (@expected IS NULL OR @expected = @version)
BEGIN
  INSERT INTO event_log (correlation_id, version, ${columns})
    SELECT @correlation_id, @version + position, ${columns}
    FROM (VALUES ${rows.join(', ')}) AS given (position, ${columns})
    ORDER BY position;
  INSERT INTO outbox (event_id, correlation_id, event_type, attempts, available_at, created_at)
    SELECT id, correlation_id, event_type, @attempts, DATEADD(millisecond, @lease, created_at), created_at
    FROM event_log WHERE correlation_id = @correlation_id AND version > @version;
END
COMMIT TRANSACTION;
SELECT @duplicate AS duplicate, @version AS version;
SELECT TOP (@count) id, version, created_at FROM event_log
  WHERE correlation_id = @correlation_id AND version > @version ORDER BY version;
SELECT * FROM event_log WHERE id = @duplicate;`;
}

/** The event store on SQL Server; see the port for what it promises. */
export function createMssqlEventStore(options: MssqlEventStoreOptions): EventStore {
  const { pool, leaseMs, onAppended } = options;

  async function append(
    correlationId: string,
    events: readonly ProcessEvent[],
    expectedVersion: number | undefined,
  ): Promise<AppendResult> {
    const keys = events.flatMap(({ dedupeKey }) => (dedupeKey === undefined ? [] : [dedupeKey]));
    const request = pool
      .request()
      .input('correlation_id', sql.VarChar(255), correlationId)
      .input('count', sql.Int, events.length)
      .input('expected', sql.Int, expectedVersion ?? null)
      .input('attempts', sql.Int, leaseMs > 0 ? 1 : 0)
      .input('lease', sql.Int, leaseMs);
    for (const [at, event] of events.entries()) {
      const row = toEventRow(correlationId, 0, event, '');
      for (const name of GIVEN)
        request.input(`${name}${at}`, (TYPES[name] ?? VARCHAR)(), row[name]);
    }
    for (const [at, key] of keys.entries()) request.input(`key${at}`, sql.VarChar(255), key);
    const { recordsets } = await request.query(appendStatement(events.length, keys.length));
    const [[outcome], written, known] = recordsets as unknown as [
      { duplicate: string | null; version: number }[],
      { id: string; version: number; created_at: Date }[],
      Row[],
    ];
    if (known[0]) return { events: [fromRow(known[0])], duplicate: true };
    const version = outcome?.version ?? 0;
    if (expectedVersion !== undefined && expectedVersion !== version) {
      throw new VersionConflictError(correlationId, expectedVersion, version);
    }
    return {
      duplicate: false,
      events: events.map((event, index) => {
        const row = written[index];
        if (!row) throw new Error('the database gave back fewer rows than it was given');
        return stored(event, {
          id: String(row.id),
          correlationId,
          version: row.version,
          createdAt: row.created_at.toISOString(),
        });
      }),
    };
  }

  async function select(statement: string, bind: (request: sql.Request) => sql.Request) {
    const { recordset } = await withRetry(() => bind(pool.request()).query<Row>(statement));
    return recordset.map(fromRow);
  }

  return {
    async append(correlationId, events, { expectedVersion } = {}) {
      if (events.length === 0) return { events: [], duplicate: false };
      checkAppend(events);
      const result = await withRetry(() => append(correlationId, events, expectedVersion));
      if (!result.duplicate) onAppended(result.events);
      return result;
    },
    readStream: (correlationId, { afterVersion = 0, limit } = {}) =>
      select(
        `SELECT ${limit === undefined ? '' : 'TOP (@limit)'} * FROM event_log
         WHERE correlation_id = @correlation_id AND version > @after ORDER BY version`,
        (request) =>
          request
            .input('correlation_id', sql.VarChar(255), correlationId)
            .input('after', sql.Int, afterVersion)
            .input('limit', sql.Int, limit ?? null),
      ),
    findByDedupePrefix: (prefix) =>
      select(
        'SELECT * FROM event_log WHERE dedupe_key >= @from AND dedupe_key < @to ORDER BY id',
        (request) =>
          request
            .input('from', sql.VarChar(255), prefix)
            .input('to', sql.VarChar(255), after(prefix)),
      ),
    findByTrace: (traceabilityId, { afterId = '0', limit }) =>
      select(
        `SELECT TOP (@limit) * FROM event_log
         WHERE traceability_id = @trace AND id > @after ORDER BY id`,
        (request) =>
          request
            .input('trace', sql.VarChar(255), traceabilityId)
            .input('after', sql.BigInt, afterId)
            .input('limit', sql.Int, limit),
      ),
  };
}

function fromRow(row: Row): StoredEvent {
  const { id, ...rest } = isoTimes(row);
  return fromEventRow(String(id), rest);
}

function names(stem: string, count: number): string {
  return Array.from({ length: count }, (_, at) => `@${stem}${at}`).join(', ');
}

/** The first text that sorts after everything with this prefix (visible ASCII, binary collation). */
function after(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
