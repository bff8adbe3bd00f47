import type BetterSqlite3 from 'better-sqlite3';
import { MOVES, REBUILD } from '../sql/checkpoints.ts';
import { PROCESS_COLUMNS } from '../sql/process-row.ts';
import { type FoldValues, foldColumns, fromFoldValues } from '../sql/rebuild/fold-row.ts';
import { type Side, shadowOf, TABLES } from '../sql/rebuild/sides.ts';
import type { KeptRow, RebuildTables } from '../sql/rebuild/tables.ts';

type Ids = { after: number; upTo: number };

/** The statements of a rebuild on SQLite. The shadows need not be there yet. */
export function createRebuildTables(db: BetterSqlite3.Database): RebuildTables {
  const read = { live: statements(db, 'live'), archive: statements(db, 'archive') };
  const write = lazily(() => ({
    live: shadowStatements(db, 'live'),
    archive: shadowStatements(db, 'archive'),
  }));
  const text = db.prepare<[string], string>('SELECT data FROM checkpoint WHERE name = ?').pluck();
  const noteAs = db.prepare(
    `UPDATE checkpoint SET data = ?, updated_at = ? WHERE name = ? AND json_extract(data, '$.run') = ?`,
  );
  const noteAnyhow = db.prepare(
    `INSERT INTO checkpoint (data, updated_at, name) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET data = excluded.data, updated_at = excluded.updated_at`,
  );
  const forget = db.prepare('DELETE FROM checkpoint WHERE name = ?');
  const waiting = db.prepare('SELECT 1 FROM outbox WHERE event_id = ?');
  const now = (): string => new Date().toISOString();

  return {
    checkpoint: async () => text.get(REBUILD) ?? null,
    async note(data, run) {
      const written =
        run === null ? noteAnyhow.run(data, now(), REBUILD) : noteAs.run(data, now(), REBUILD, run);
      return written.changes === 1;
    },
    forget: async () => void forget.run(REBUILD),
    moves: async () => Number(text.get(MOVES) ?? 0),
    events: async (side, after, limit) => read[side].events.all(after, limit).map(fromFoldValues),
    stream: async (side, id, version, limit) =>
      read[side].stream.all(id, version, limit).map(fromFoldValues),
    eventsOf: async (side, ids, limit) =>
      read[side].eventsOf.all(JSON.stringify(ids), limit).map(fromFoldValues),
    rows: async (side, { after, upTo }, limit) =>
      upTo === null
        ? read[side].rowsAfter.all(after, limit)
        : read[side].rows.all(after, upTo, limit),
    rowsOf: async (side, ids) => read[side].rowsOf.all(JSON.stringify(ids)),
    isToCome: async (eventId) => waiting.get(Number(eventId)) !== undefined,
    behind: async (side, ids, limit) => write()[side].behind.all(ids.after, ids.upTo, limit),
    async write(side, place, rows) {
      const { remove, removeAfter, removeOne, insert } = write()[side];
      if (!('after' in place)) for (const id of place) removeOne.run(id);
      else if (place.upTo === null) removeAfter.run(place.after);
      else remove.run(place.after, place.upTo);
      for (const row of rows) insert.run(...PROCESS_COLUMNS.map((name) => row[name]), row.kept);
    },
  };
}

function statements(db: BetterSqlite3.Database, side: Side) {
  const { events, rows, kept } = TABLES[side];
  const SELECT = `SELECT ${foldColumns(side, 'NULL')} FROM ${events}`;
  const ROWS = `SELECT ${PROCESS_COLUMNS.join(', ')}, ${kept} AS kept FROM ${rows}`;
  const IN_ORDER = 'ORDER BY correlation_id, version LIMIT ?';
  const OF = 'correlation_id IN (SELECT value FROM json_each(?))';
  return {
    events: db
      .prepare<[string, number], FoldValues>(`${SELECT} WHERE correlation_id > ? ${IN_ORDER}`)
      .raw(),
    stream: db
      .prepare<[string, number, number], FoldValues>(
        `${SELECT} WHERE correlation_id = ? AND version > ? ${IN_ORDER}`,
      )
      .raw(),
    eventsOf: db.prepare<[string, number], FoldValues>(`${SELECT} WHERE ${OF} ${IN_ORDER}`).raw(),
    rows: db.prepare<[string, string, number], KeptRow>(
      `${ROWS} WHERE correlation_id > ? AND correlation_id <= ? ORDER BY correlation_id LIMIT ?`,
    ),
    rowsAfter: db.prepare<[string, number], KeptRow>(
      `${ROWS} WHERE correlation_id > ? ORDER BY correlation_id LIMIT ?`,
    ),
    rowsOf: db.prepare<[string], KeptRow>(`${ROWS} WHERE ${OF}`),
  };
}

function shadowStatements(db: BetterSqlite3.Database, side: Side) {
  const shadow = shadowOf(side);
  const { events, kept } = TABLES[side];
  const columns = [...PROCESS_COLUMNS, kept];
  return {
    behind: db
      .prepare<[Ids['after'], Ids['upTo'], number], string>(
        `SELECT DISTINCT e.correlation_id FROM ${events} AS e
         LEFT JOIN ${shadow} AS s ON s.correlation_id = e.correlation_id
         WHERE e.id > ? AND e.id <= ? AND (s.version IS NULL OR s.version < e.version) LIMIT ?`,
      )
      .pluck(),
    remove: db.prepare(`DELETE FROM ${shadow} WHERE correlation_id > ? AND correlation_id <= ?`),
    removeAfter: db.prepare(`DELETE FROM ${shadow} WHERE correlation_id > ?`),
    removeOne: db.prepare(`DELETE FROM ${shadow} WHERE correlation_id = ?`),
    insert: db.prepare(
      `INSERT INTO ${shadow} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    ),
  };
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
