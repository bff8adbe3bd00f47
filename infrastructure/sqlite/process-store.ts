import type BetterSqlite3 from 'better-sqlite3';
import { LRUCache } from 'lru-cache';
import type { IdentifierIndex, IndexedProcess } from '../../domain/identifiers/index.ts';
import {
  fold,
  type ProcessState,
  type ProcessStore,
  type StoredEvent,
} from '../../domain/process/index.ts';
import { type EventRow, PROCESS_COLUMNS, type ProcessRow } from '../sql/columns.ts';
import { fromEventRow } from '../sql/event-row.ts';
import { fromProcessRow, toProcessRow } from '../sql/process-row.ts';
import type { GroupCommit } from './group-commit.ts';
import { createIdentifierPass, type IdentifierPass, insertIdentifiers } from './identifiers.ts';
import type { RecentStreams } from './recent-streams.ts';

/** Processes whose identifiers this process has written: they need not be looked for again. */
const MAX_INDEXED = 20_000;

/** process_store on SQLite: reading, folding and writing are one transaction. */
export function createSqliteProcessStore(options: {
  db: BetterSqlite3.Database;
  groupCommit: GroupCommit;
  list: ProcessStore['list'];
  countPending: ProcessStore['countPending'];
  findUnprojected: ProcessStore['findUnprojected'];
  findUnprojectedEvents: ProcessStore['findUnprojectedEvents'];
  identifierIndex: IdentifierIndex;
  /** The streams that run: they need not be read. */
  recent?: RecentStreams | undefined;
}): ProcessStore {
  const { db, groupCommit, list, countPending, identifierIndex, recent } = options;
  const { findUnprojected, findUnprojectedEvents } = options;
  const select = db.prepare<[string], ProcessRow>(
    `SELECT ${PROCESS_COLUMNS.join(', ')} FROM process_store WHERE correlation_id = ?`,
  );
  const newer = db.prepare<[string, number], EventRow & { id: number }>(
    'SELECT * FROM event_log WHERE correlation_id = ? AND version > ? ORDER BY version',
  );
  const isLive = db
    .prepare<[string, number], number>(
      'SELECT 1 FROM event_log WHERE correlation_id = ? AND version = ?',
    )
    .pluck();
  const upsert = db.prepare(
    `INSERT INTO process_store (${PROCESS_COLUMNS.join(', ')})
     VALUES (${PROCESS_COLUMNS.map(() => '?').join(', ')})
     ON CONFLICT (correlation_id) DO UPDATE SET
       ${PROCESS_COLUMNS.slice(1)
         .map((name) => `${name} = excluded.${name}`)
         .join(', ')}
     WHERE process_store.version < excluded.version`,
  );

  const indexed = new LRUCache<string, true>({ max: MAX_INDEXED });
  const insert = insertIdentifiers(db, 'process_identifier');

  function get(correlationId: string): ProcessState | null {
    const row = select.get(correlationId);
    return row ? fromProcessRow(row) : null;
  }

  /** Identifiers never change: they are written once, and rows that are there already stay. */
  const hasNew = ({ correlationId, identity }: StoredEvent): boolean =>
    identity.identifiers !== undefined && !indexed.has(correlationId);

  /** A stream that is known as a whole. One that has ended may be in the archive by now. */
  function known(correlationId: string): readonly StoredEvent[] | undefined {
    const running = recent?.get(correlationId);
    if (running) return running;
    const ended = recent?.takeEnded(correlationId);
    return ended && isLive.get(correlationId, ended.length) !== undefined ? ended : undefined;
  }

  /** @returns null for a process without events, and for one that the pass has to come back to */
  function project(correlationId: string, pass: IdentifierPass): ProcessState | null {
    const stream = known(correlationId);
    if (stream?.[0]) {
      if (hasNew(stream[0]) && !pass.take(stream[0])) return null;
      return put(fold(stream));
    }
    const before = get(correlationId);
    const rows = newer.all(correlationId, before?.version ?? 0);
    if (rows.length === 0) return before;
    const events = rows.map((row) => fromEventRow(String(row.id), row));
    if (!before && events[0] && !pass.take(events[0])) return null;
    return put(fold(events, before));
  }

  function put(state: ProcessState | null): ProcessState | null {
    if (state) {
      const row = toProcessRow(state);
      upsert.run(PROCESS_COLUMNS.map((name) => row[name]));
    }
    return state;
  }

  /** Those with personal identifiers, whose keys have to be read first, come in a second transaction. */
  async function projectMany(correlationIds: readonly string[]): Promise<ProcessState[]> {
    const states: ProcessState[] = [];
    let prepared: ReadonlyMap<string, IndexedProcess> = new Map();
    for (let ids = correlationIds; ids.length > 0; ) {
      const { projected, pass } = await groupCommit.write(() => projectIn(ids, prepared));
      states.push(...projected);
      for (const id of pass.taken) indexed.set(id, true);
      prepared = pass.left.length > 0 ? await identifierIndex.rowsOf(pass.left) : prepared;
      ids = pass.left.map(({ correlationId }) => correlationId);
    }
    return states;
  }

  function projectIn(ids: readonly string[], prepared: ReadonlyMap<string, IndexedProcess>) {
    const pass = createIdentifierPass(identifierIndex, prepared);
    const projected = ids.map((id) => project(id, pass)).filter((state) => state !== null);
    insert(pass.rows);
    return { projected, pass };
  }

  return {
    get: async (correlationId) => get(correlationId),
    project: async (correlationId) => (await projectMany([correlationId]))[0] ?? null,
    projectMany,
    countPending,
    findUnprojected,
    findUnprojectedEvents,
    list,
  };
}
