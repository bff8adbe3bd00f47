import sql from 'mssql';
import { StoreUnavailableError } from '../../domain/common/index.ts';
import { EVENT_COLUMNS, EVENT_LOG, type EventColumn, type EventRow } from '../sql/columns.ts';
import { contentHash } from '../sql/event-hash.ts';
import { OWN_KEY } from '../sql/event-row.ts';
import { sqlType } from './column-types.ts';
import { ARCHIVED, LIVE, liveElseArchived, type Row, STREAM } from './event-reads.ts';
import { chainHashes } from './hash-chain.ts';
import { outputToArchive } from './move-batch.ts';
import { withRetry } from './retry.ts';
import { bindTexts, requestFor } from './statements.ts';
import { BEGIN_WITH_STREAM_LOCK } from './stream-lock.ts';
import { SHARE_TABLES } from './table-lock.ts';

interface Append {
  correlationId: string;
  /** Without their versions and times, which the statement makes. */
  rows: EventRow[];
  /** The dedupe keys of the rows: one at least. */
  keys: string[];
  expectedVersion: number | undefined;
  /** The process instance that the events give to an archived process, if any. */
  lateInstance: string | null;
  /** True for events that an archived stream does not take. */
  reopens: boolean;
}

export interface WrittenEvent {
  id: string;
  version: number;
  created_at: Date | string;
  /** Null unless it was added to an archived stream. */
  archived_at?: Date | string | null;
}

type Outcome =
  | { kind: 'written'; events: WrittenEvent[] }
  /** A key was known. */
  | { kind: 'duplicate'; row: Row }
  /** The stream is not at the expected version. */
  | { kind: 'conflict'; version: number }
  /** The stream is archived and does not take the events. */
  | { kind: 'archived' };

/** Columns that the statement makes; the others come from the event. */
const MADE: readonly EventColumn[] = ['correlation_id', 'version', 'created_at', 'hash'];
const GIVEN = EVENT_COLUMNS.filter((name) => !MADE.includes(name));
/** Types of parameters, unlike those of a bulk load, may be shared. */
const TYPES = new Map(GIVEN.map((name) => [name, sqlType(EVENT_LOG[name])]));

/**
 * Appends events and their outbox rows in one round trip, under the lock of the stream: appends to one
 * stream wait for each other, and for a move of it. Identities follow the ORDER BY of the insert
 * (https://learn.microsoft.com/sql/t-sql/statements/insert-transact-sql#limitations-and-restrictions).
 * A stream that is not there may be archived: then its version is that of the archive, and the new
 * events follow it there within the transaction. Times in a stream do not fall, whatever the clock does (`@at`);
 * the outbox uses the clock. Positions in the feed are assigned after the commit (`feed-positions.ts`).
 *
 * Tried: all events as one JSON parameter through OPENJSON. It needs a cast for each column, and servers
 * that speak T-SQL without being SQL Server do not unescape its texts.
 */
function appendStatement(events: number, keys: string): string {
  const columns = GIVEN.join(', ');
  const rows = Array.from(
    { length: events },
    (_, at) => `(${at + 1}, @hash${at}, ${GIVEN.map((name) => `@${name}${at}`).join(', ')})`,
  );
  const known = (table: string): string =>
    `SELECT @duplicate = MIN(id) FROM ${table} WHERE dedupe_key IN (${keys})`;
  const last = (table: string): string =>
    `SELECT @previous = hash, @at = CASE WHEN created_at > @now THEN created_at ELSE @now END FROM ${table} WHERE correlation_id = @correlation_id AND version = @version;`;
  const written = (table: string, archivedAt: string): string =>
    `SELECT TOP (@count) id, version, created_at, ${archivedAt} AS archived_at FROM ${table}
  WHERE correlation_id = @correlation_id AND version > @version ORDER BY version`;
  return `
${BEGIN_WITH_STREAM_LOCK}
DECLARE @duplicate BIGINT, @version INT = 0, @archived BIT = 0, @previous VARBINARY(32), @now DATETIME2(3) = SYSUTCDATETIME(), @at DATETIME2(3);
SET @at = @now;
${known('event_log')};
SELECT @version = ISNULL(MAX(version), 0) FROM event_log WHERE correlation_id = @correlation_id;
IF @version = 0 OR @expected = 0
BEGIN
  IF @duplicate IS NULL ${known('event_log_archive')};
  IF @version = 0
  BEGIN
    SELECT @version = ISNULL(MAX(version), 0) FROM event_log_archive WHERE correlation_id = @correlation_id;
    IF @version > 0 SET @archived = 1;
  END
END
IF @duplicate IS NULL AND (@expected IS NULL OR @expected = @version) AND (@archived = 0 OR @reopens = 0)
BEGIN
  IF @archived = 0 ${last('event_log')} ELSE ${last('event_log_archive')}
  ${chainHashes(events)}
  INSERT INTO event_log (correlation_id, version, created_at, hash, ${columns})
    SELECT @correlation_id, @version + position, @at, hash, ${columns}
    FROM (VALUES ${rows.join(', ')}) AS given (position, hash, ${columns})
    ORDER BY position;
  INSERT INTO outbox (event_id, correlation_id, event_type, attempts, available_at, created_at)
    SELECT id, correlation_id, event_type, @attempts, DATEADD(millisecond, @lease, @now), @now
    FROM event_log WHERE correlation_id = @correlation_id AND version > @version;
  INSERT INTO unpositioned_event (event_id)
    SELECT id FROM event_log WHERE correlation_id = @correlation_id AND version > @version;
  IF @archived = 1
  BEGIN
    DELETE FROM event_log ${outputToArchive('event_log', ['id', ...EVENT_COLUMNS])}
      WHERE correlation_id = @correlation_id;
    ${SHARE_TABLES}
    UPDATE process_store_archive SET version = @version + @count, updated_at = @at,
      process_instance_id = COALESCE(@late_instance, process_instance_id)
      WHERE correlation_id = @correlation_id;
  END
END
COMMIT TRANSACTION;
SELECT @version AS version, @archived AS archived;
IF @archived = 0 ${written('event_log', 'CAST(NULL AS DATETIME2(3))')}
ELSE ${written('event_log_archive', 'archived_at')};
SELECT ${LIVE} WHERE id = @duplicate UNION ALL SELECT ${ARCHIVED} WHERE id = @duplicate;`;
}

/**
 * Appends, and finds out the result when the connection is lost: the append may have been committed, or may still be.
 * The statement is simply run again. Its key is unique, so one of the two writes and the other finds what was written
 * ([decision 19](../../../docs/decisions/0019-retryable-appends-on-sql-server.md)).
 *
 * @throws StoreUnavailableError that says whether the append may have been done
 */
export function createAppend(options: {
  pool: sql.ConnectionPool;
  leaseMs: number;
}): (append: Append) => Promise<Outcome> {
  const { pool, leaseMs } = options;

  /** One round trip. `written`: by this append, now or in an earlier attempt. */
  async function attempt(append: Append): Promise<Outcome> {
    const { correlationId, rows, keys, expectedVersion } = append;
    const request = requestFor(pool, correlationId)
      .input('count', sql.Int, rows.length)
      .input('expected', sql.Int, expectedVersion ?? null)
      .input('attempts', sql.Int, leaseMs > 0 ? 1 : 0)
      .input('lease', sql.Int, leaseMs)
      .input('late_instance', sql.VarChar(64), append.lateInstance)
      .input('reopens', sql.Int, append.reopens ? 1 : 0);
    for (const [at, row] of rows.entries()) {
      request.input(`content${at}`, sql.VarChar(64), contentHash(row));
      for (const [name, type] of TYPES) request.input(`${name}${at}`, type, row[name]);
    }
    const keyList = bindTexts(request, 'key', keys);
    const { recordsets } = await request.query(appendStatement(rows.length, keyList));
    const [[outcome], written, known] = recordsets as unknown as [
      { version: number; archived: boolean }[],
      WrittenEvent[],
      Row[],
    ];
    if (known[0]) return { kind: 'duplicate', row: known[0] };
    const version = outcome?.version ?? 0;
    if (expectedVersion !== undefined && expectedVersion !== version) {
      return { kind: 'conflict', version };
    }
    if (outcome?.archived && append.reopens) return { kind: 'archived' };
    return { kind: 'written', events: written };
  }

  async function run(append: Append): Promise<Outcome> {
    let inDoubt = false;
    const onDoubt = (): void => {
      inDoubt = true;
    };
    try {
      let outcome = await withRetry(() => attempt(append), { onDoubt });
      // An earlier attempt may have moved the version, if it was committed after this one had looked for the key:
      // now it can be found.
      if (inDoubt && outcome.kind === 'conflict') {
        outcome = await withRetry(() => attempt(append), { onDoubt });
      }
      if (!inDoubt || outcome.kind !== 'duplicate') return outcome;
      return (await ownWrite(append, outcome.row)) ?? outcome;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      const { message, cause } = error;
      const outcome = inDoubt ? 'unknown' : 'nothing-written';
      throw new StoreUnavailableError(message, {
        cause,
        outcome,
        correlationId: append.correlationId,
      });
    }
  }

  /**
   * Whether a known key belongs to what this append wrote before it lost its connection. Another append with that
   * key and exactly the same content counts as well.
   */
  async function ownWrite(append: Append, first: Row): Promise<Outcome | null> {
    if (first.correlation_id !== append.correlationId) return null;
    const at = append.rows.findIndex((row) => row.dedupe_key === first.dedupe_key);
    const { recordsets } = await withRetry(() =>
      requestFor(pool, append.correlationId)
        .input('after', sql.Int, first.version - at - 1)
        .input('limit', sql.Int, append.rows.length)
        .query(liveElseArchived('TOP (@limit)', STREAM)),
    );
    const found = (recordsets as unknown as Row[][]).flat();
    const same = append.rows.every((row, index) =>
      GIVEN.every((name) => row[name] === found[index]?.[name]),
    );
    const certain = first.dedupe_key?.startsWith(OWN_KEY);
    return certain || same ? { kind: 'written', events: found } : null;
  }

  return run;
}
