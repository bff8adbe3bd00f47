import sql from 'mssql';
import { v7 as timeOrderedId } from 'uuid';
import { VersionConflictError } from '../../../domain/errors.ts';
import { type ProcessEvent, type StoredEvent, unreachable } from '../../../domain/events.ts';
import type { EventStore } from '../../../domain/ports.ts';
import { checkAppend, OWN_KEY, stored, toEventRow } from '../event-row.ts';
import { createAppend, type Place } from './append.ts';
import { withRetry } from './connection.ts';
import { createReadAll, fromRow, type Row } from './read-all.ts';

export interface MssqlEventStoreOptions {
  pool: sql.ConnectionPool;
  /** For `readAll`, whose readers keep a connection while they take their time. */
  readers: sql.ConnectionPool;
  leaseMs: number;
  onAppended: (events: readonly StoredEvent[]) => void;
  /** Makes unique ids; new ones should sort behind older ones. */
  newId?: () => string;
}

const READ_STREAM = (limited: boolean): string =>
  `SELECT ${limited ? 'TOP (@limit)' : ''} * FROM event_log
   WHERE correlation_id = @correlation_id AND version > @after ORDER BY version`;

/**
 * The event store on SQL Server; see the port for what it promises.
 *
 * Every append has a dedupe key, its caller's or one of its own, by which it is found when its connection
 * was lost.
 */
export function createMssqlEventStore(options: MssqlEventStoreOptions): EventStore {
  const { pool, readers, leaseMs, onAppended, newId = timeOrderedId } = options;
  const run = createAppend({ pool, leaseMs });

  async function select(statement: string, bind: (request: sql.Request) => sql.Request) {
    const { recordset } = await withRetry(() => bind(pool.request()).query<Row>(statement));
    return recordset.map(fromRow);
  }

  return {
    async append(correlationId, events, { expectedVersion } = {}) {
      if (events.length === 0) return { events: [], duplicate: false };
      checkAppend(events);
      const rows = events.map((event) => toEventRow(correlationId, 0, event, ''));
      let keys = rows.flatMap(({ dedupe_key }) => dedupe_key ?? []);
      if (rows[0] && keys.length === 0) {
        rows[0].dedupe_key = OWN_KEY + newId();
        keys = [rows[0].dedupe_key];
      }
      const outcome = await run({ correlationId, rows, keys, expectedVersion });
      switch (outcome.kind) {
        case 'duplicate':
          return { events: [fromRow(outcome.row)], duplicate: true };
        case 'conflict':
          throw new VersionConflictError(correlationId, expectedVersion ?? 0, outcome.version);
        case 'written': {
          const written = events.map((event, at) =>
            placed(event, correlationId, outcome.places[at]),
          );
          onAppended(written);
          return { events: written, duplicate: false };
        }
        default:
          return unreachable(outcome);
      }
    },
    readStream: (correlationId, { afterVersion = 0, limit } = {}) =>
      select(READ_STREAM(limit !== undefined), (request) =>
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
         WHERE traceability_id = @trace AND id > @afterId ORDER BY id`,
        (request) =>
          request
            .input('trace', sql.VarChar(255), traceabilityId)
            .input('afterId', sql.BigInt, afterId)
            .input('limit', sql.Int, limit),
      ),
    readAll: createReadAll(readers),
  };
}

/** An event with the place that it got. */
function placed(event: ProcessEvent, correlationId: string, place: Place | undefined): StoredEvent {
  if (!place) throw new Error('the database gave back fewer rows than it was given');
  const { id, version, created_at } = place;
  const createdAt = new Date(created_at).toISOString();
  return stored(event, { id: String(id), correlationId, version, createdAt });
}

/** The first text that sorts after everything with this prefix (visible ASCII, binary collation). */
function after(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
