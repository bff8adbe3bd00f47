import type sql from 'mssql';
import { StreamArchivedError, VersionConflictError } from '../../domain/common/index.ts';
import { timeOrderedId } from '../../domain/ids/index.ts';
import {
  type EventStore,
  type ProcessEvent,
  type StoredEvent,
  unreachable,
} from '../../domain/process/index.ts';
import { lateInstanceId, reopens } from '../sql/archive-rows.ts';
import { checkAppend, OWN_KEY, stored, toEventRow } from '../sql/event-row.ts';
import { createAppend, type WrittenEvent } from './append.ts';
import { createEventReads, fromRow } from './event-reads.ts';

interface MssqlEventStoreOptions {
  pool: sql.ConnectionPool;
  leaseMs: number;
  onAppended: (events: readonly StoredEvent[]) => void;
  /** Makes unique ids; new ones should sort after older ones. */
  newId?: () => string;
}

/**
 * The event store on SQL Server; see the port for what it promises.
 *
 * Every append has a dedupe key, the caller's or one of its own, by which it is found after a lost connection.
 */
export function createMssqlEventStore(options: MssqlEventStoreOptions): EventStore {
  const { pool, leaseMs, onAppended, newId = timeOrderedId } = options;
  const run = createAppend({ pool, leaseMs });

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
      const outcome = await run({
        correlationId,
        rows,
        keys,
        expectedVersion,
        lateInstance: lateInstanceId(events),
        reopens: reopens(events),
      });
      switch (outcome.kind) {
        case 'duplicate':
          return { events: [fromRow(outcome.row)], duplicate: true };
        case 'conflict':
          throw new VersionConflictError(correlationId, expectedVersion ?? 0, outcome.version);
        case 'archived':
          throw new StreamArchivedError(correlationId);
        case 'written': {
          const written = events.map((event, at) =>
            toStored(event, correlationId, outcome.events[at]),
          );
          onAppended(written);
          return { events: written, duplicate: false };
        }
        default:
          return unreachable(outcome);
      }
    },
    ...createEventReads(pool),
  };
}

/** An event with the id, version and time that it got. */
function toStored(
  event: ProcessEvent,
  correlationId: string,
  written: WrittenEvent | undefined,
): StoredEvent {
  if (!written) throw new Error('the database returned fewer rows than it was given');
  const { id, version, created_at, archived_at } = written;
  const createdAt = new Date(created_at).toISOString();
  const at = { id: String(id), correlationId, version, createdAt };
  return stored(event, archived_at ? { ...at, archivedAt: createdAt } : at);
}
