import { setImmediate as nextTurn } from 'node:timers/promises';
import type BetterSqlite3 from 'better-sqlite3';
import type { EventStore, Page, PageSize, StoredEvent } from '../../domain/process/index.ts';
import { createRowTaker, pageOf } from '../sql/bounded-rows.ts';
import { EVENT_COLUMNS } from '../sql/columns.ts';
import { afterPrefix, type FoundEventRow, fromEventRow } from '../sql/event-row.ts';

type Row = FoundEventRow & { id: number };

export interface EventReads extends Omit<EventStore, 'append'> {
  /** The live event with this dedupe key. */
  findLive(dedupeKey: string): StoredEvent | undefined;
  /** The archived event with this dedupe key. */
  findArchived(dedupeKey: string): StoredEvent | undefined;
}

const COLUMNS = `id, ${EVENT_COLUMNS.join(', ')}`;
const LIVE = `SELECT ${COLUMNS}, NULL AS archived_at FROM event_log`;
const ARCHIVED = `SELECT ${COLUMNS}, archived_at FROM event_log_archive`;

/**
 * Reads the log, and the archive when the log has nothing: a stream is in one of them as a whole. Another process may
 * move it between the two reads: to the archive, where the second read finds it; or back, and so the log is read again
 * when neither had anything.
 */
export function createEventReads(db: BetterSqlite3.Database): EventReads {
  const pair = <Bound extends unknown[]>(rest: string) => {
    const live = db.prepare<Bound, Row>(`${LIVE} ${rest}`);
    const archived = db.prepare<Bound, Row>(`${ARCHIVED} ${rest}`);
    return { live, archived };
  };
  const byKey = pair<[string]>('WHERE dedupe_key = ?');
  const stream = pair<[string, number, number]>(
    'WHERE correlation_id = ? AND version > ? ORDER BY version LIMIT ?',
  );
  const lastVersion = db
    .prepare<[string], number | null>('SELECT MAX(version) FROM event_log WHERE correlation_id = ?')
    .pluck();
  const byPrefix = pair<[string, string]>('WHERE dedupe_key >= ? AND dedupe_key < ? ORDER BY id');
  // Some processes of a trace may be live and others archived.
  const byTrace = db.prepare<[string, number, string, number, number], Row>(
    `${LIVE} WHERE traceability_id = ? AND id > ?
     UNION ALL ${ARCHIVED} WHERE traceability_id = ? AND id > ? ORDER BY id LIMIT ?`,
  );

  function firstOf(
    { live, archived }: ReturnType<typeof pair>,
    ...bound: unknown[]
  ): StoredEvent[] {
    for (const statement of [live, archived, live]) {
      const rows = statement.all(...bound);
      if (rows.length > 0) return rows.map(fromRow);
    }
    return [];
  }

  /** After a page that is not the last, others have their turn: a reader of many pages must not block them. */
  async function take(
    statement: BetterSqlite3.Statement<never[], Row>,
    { limit, maxBytes }: PageSize,
    ...bound: unknown[]
  ): Promise<Page<StoredEvent>> {
    const taker = createRowTaker<Row>(maxBytes);
    const rows = statement.iterate(...([...bound, limit + 1] as never[]));
    for (const row of rows) if (!taker.take(row, Object.values(row))) break;
    const page = pageOf(taker, { limit }, fromRow);
    if (!page.atEnd) await nextTurn();
    return page;
  }

  return {
    async pageStream(correlationId, { afterVersion, ...size }) {
      const { live, archived } = stream;
      let page: Page<StoredEvent> = { items: [], atEnd: true };
      for (const statement of [live, archived, live]) {
        page = await take(statement as never, size, correlationId, afterVersion);
        if (page.items.length > 0) break;
      }
      return page;
    },
    findLive(dedupeKey) {
      const row = byKey.live.get(dedupeKey);
      return row && fromRow(row);
    },
    findArchived(dedupeKey) {
      const row = byKey.archived.get(dedupeKey);
      return row && fromRow(row);
    },
    readStream: async (correlationId, { afterVersion = 0, limit = -1 } = {}) =>
      firstOf(stream, correlationId, afterVersion, limit),
    lastVersion: async (correlationId) => lastVersion.get(correlationId) ?? 0,
    findByDedupePrefix: async (prefix) => firstOf(byPrefix, prefix, afterPrefix(prefix)),
    async findByTrace(traceabilityId, { afterId = '0', ...size }) {
      const from = Number(afterId);
      return take(byTrace as never, size, traceabilityId, from, traceabilityId, from);
    },
  };
}

function fromRow(row: Row): StoredEvent {
  return fromEventRow(String(row.id), row);
}
