import sql from 'mssql';
import { VersionConflictError } from '../../../domain/errors.ts';
import type { ProcessEvent, StoredEvent } from '../../../domain/events.ts';
import type { AppendResult, EventStore, OutboxRow } from '../../../domain/ports.ts';
import { EVENT_COLUMNS, type EventRow, fromEventRow, stored, toEventRow } from '../event-row.ts';
import { isoTimes, withRetry } from './connection.ts';

export interface MssqlEventStoreOptions {
  pool: sql.ConnectionPool;
  leaseMs: number;
  onAppended: (rows: readonly OutboxRow[]) => void;
}

type Row = EventRow & { id: string };

/** Columns that come from the event; the others are made by the statement. */
const GIVEN = EVENT_COLUMNS.filter(
  (name) => name !== 'correlation_id' && name !== 'version' && name !== 'created_at',
);
const TYPES: Partial<Record<keyof EventRow, string>> = {
  schema_version: 'SMALLINT',
  http_method: 'VARCHAR(10)',
  endpoint: 'VARCHAR(500)',
  event_type: 'VARCHAR(50)',
  status: 'VARCHAR(50)',
  request_data: 'NVARCHAR(MAX)',
  response_data: 'NVARCHAR(MAX)',
  error_message: 'NVARCHAR(MAX)',
  identifiers: 'NVARCHAR(MAX)',
  result: 'NVARCHAR(MAX)',
  metadata: 'NVARCHAR(MAX)',
  http_status_code: 'INT',
  step: 'INT',
  execution_time: 'INT',
};

/**
 * Appends events and their outbox rows in one round trip. The update lock on the stream's rows makes
 * appends to one stream wait for each other; two that begin a stream at the same moment meet at the
 * unique index, and the loser runs again.
 */
function appendStatement(keys: number): string {
  const withColumns = GIVEN.map((name) => `${name} ${TYPES[name] ?? 'VARCHAR(255)'} '$.${name}'`);
  const known =
    keys === 0
      ? ''
      : `SELECT @duplicate = MIN(id) FROM event_log WHERE dedupe_key IN (${names('key', keys)});`;
  return `
SET NOCOUNT ON;
SET XACT_ABORT ON;
DECLARE @duplicate BIGINT, @version INT = 0;
DECLARE @written TABLE (id BIGINT, version INT, event_type VARCHAR(50), created_at DATETIME2(3));
BEGIN TRANSACTION;
${known}
SELECT @version = ISNULL(MAX(version), 0) FROM event_log WITH (UPDLOCK)
  WHERE correlation_id = @correlation_id;
IF @duplicate IS NULL AND (@expected IS NULL OR @expected = @version)
BEGIN
  INSERT INTO event_log (correlation_id, version, ${GIVEN.join(', ')})
    OUTPUT inserted.id, inserted.version, inserted.event_type, inserted.created_at INTO @written
    SELECT @correlation_id, @version + position, ${GIVEN.join(', ')}
    FROM OPENJSON(@events) WITH (position INT '$.position', ${withColumns.join(', ')})
    ORDER BY position;
  INSERT INTO outbox (event_id, correlation_id, event_type, attempts, available_at, created_at)
    SELECT id, @correlation_id, event_type, @attempts, DATEADD(millisecond, @lease, created_at), created_at
    FROM @written;
END
COMMIT TRANSACTION;
SELECT @duplicate AS duplicate, @version AS version;
SELECT id, version, created_at FROM @written ORDER BY version;
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
    const rows = events.map((event, index) => {
      const row = toEventRow(correlationId, 0, event, '');
      return { position: index + 1, ...Object.fromEntries(GIVEN.map((name) => [name, row[name]])) };
    });
    const keys = events.flatMap(({ dedupeKey }) => (dedupeKey === undefined ? [] : [dedupeKey]));
    const request = pool
      .request()
      .input('correlation_id', sql.VarChar(255), correlationId)
      .input('events', sql.NVarChar(sql.MAX), JSON.stringify(rows))
      .input('expected', sql.Int, expectedVersion ?? null)
      .input('attempts', sql.Int, leaseMs > 0 ? 1 : 0)
      .input('lease', sql.Int, leaseMs);
    for (const [at, key] of keys.entries()) request.input(`key${at}`, sql.VarChar(255), key);
    const { recordsets } = await request.query(appendStatement(keys.length));
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
      const result = await withRetry(() => append(correlationId, events, expectedVersion));
      if (!result.duplicate) onAppended(result.events.map(outboxRow));
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

function outboxRow(event: StoredEvent): OutboxRow {
  return {
    eventId: event.id,
    correlationId: event.correlationId,
    eventType: event.type,
    attempts: 0,
  };
}

function names(stem: string, count: number): string {
  return Array.from({ length: count }, (_, at) => `@${stem}${at}`).join(', ');
}

/** The first text that sorts after everything with this prefix (visible ASCII, binary collation). */
function after(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
