import type BetterSqlite3 from 'better-sqlite3';
import type { Partition } from '../../domain/archive/index.ts';
import type { IdentifierIndex } from '../../domain/identifiers/index.ts';
import type { RebuildTables } from '../../domain/projection/index.ts';
import { MOVES, REBUILD } from '../sql/checkpoints.ts';
import { IDENTIFIER_COLUMNS, PROCESS_COLUMNS } from '../sql/columns.ts';
import { type FoldValues, fromFoldValues, selectFoldRows } from '../sql/fold-rows.ts';
import { shadowOf, TABLES } from '../sql/process-tables.ts';
import { type MovedRow, selectRows, toMovedRow, toProjectedRow } from '../sql/projected-row.ts';

import { insertIdentifiers, overwriting } from './identifiers.ts';

type Ids = { after: number; upTo: number };

/** The statements of a rebuild on SQLite. The shadows need not be there yet. */
export function createRebuildTables(
  db: BetterSqlite3.Database,
  identifierIndex: IdentifierIndex,
): RebuildTables {
  const read = { live: statements(db, 'live'), archived: statements(db, 'archived') };
  const write = lazily(() => ({
    live: shadowStatements(db, 'live'),
    archived: shadowStatements(db, 'archived'),
  }));
  const text = db.prepare<[string], string>('SELECT data FROM checkpoint WHERE name = ?').pluck();
  const saveOwn = db.prepare(
    `UPDATE checkpoint SET data = ?, updated_at = ? WHERE name = ? AND json_extract(data, '$.run') = ?`,
  );
  const saveAny = db.prepare(
    `INSERT INTO checkpoint (data, updated_at, name) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET data = excluded.data, updated_at = excluded.updated_at`,
  );
  const deleteCheckpoint = db.prepare('DELETE FROM checkpoint WHERE name = ?');
  const unpublished = db.prepare('SELECT 1 FROM outbox WHERE event_id = ?');
  const now = (): string => new Date().toISOString();

  return {
    checkpoint: async () => text.get(REBUILD) ?? null,
    async saveCheckpoint(data, run) {
      const written =
        run === null ? saveAny.run(data, now(), REBUILD) : saveOwn.run(data, now(), REBUILD, run);
      return written.changes === 1;
    },
    deleteCheckpoint: async () => void deleteCheckpoint.run(REBUILD),
    moves: async () => Number(text.get(MOVES) ?? 0),
    events: async (partition, after, limit) =>
      read[partition].events.all(after, limit).map(fromFoldValues),
    stream: async (partition, id, version, limit) =>
      read[partition].stream.all(id, version, limit).map(fromFoldValues),
    eventsOf: async (partition, ids, limit) =>
      read[partition].eventsOf.all(JSON.stringify(ids), limit).map(fromFoldValues),
    rows: async (partition, { after, upTo }, limit) => {
      const { rows, rowsAfter } = read[partition];
      const found = upTo === null ? rowsAfter.all(after, limit) : rows.all(after, upTo, limit);
      return found.map(toProjectedRow);
    },
    rowsOf: async (partition, ids) =>
      read[partition].rowsOf.all(JSON.stringify(ids)).map(toProjectedRow),
    isUnpublished: async (eventId) => unpublished.get(Number(eventId)) !== undefined,
    streamsBehind: async (partition, ids, limit) =>
      write()[partition].behind.all(ids.after, ids.upTo, limit),
    async write(partition, replaced, rows, sources) {
      const { remove, removeAfter, removeOne, insert, identifiers } = write()[partition];
      const processes = await identifierIndex.rowsOf(sources);
      const run = (shadow: Removals): void => {
        if (!('after' in replaced)) for (const id of replaced) shadow.removeOne.run(id);
        else if (replaced.upTo === null) shadow.removeAfter.run(replaced.after);
        else shadow.remove.run(replaced.after, replaced.upTo);
      };
      run({ remove, removeAfter, removeOne });
      overwriting(db, () => run(identifiers));
      for (const row of rows.map(toMovedRow)) {
        insert.run(...PROCESS_COLUMNS.map((name) => row[name]), row.moved_at);
      }
      identifiers.insert([...processes.values()].flatMap((process) => process.rows));
      const locked = [...processes].flatMap(([id, { isLocked }]) => (isLocked ? id : []));
      if (locked.length > 0) identifiers.keep.run(JSON.stringify(locked));
    },
  };
}

function statements(db: BetterSqlite3.Database, partition: Partition) {
  const SELECT = `SELECT ${selectFoldRows(partition, 'NULL')}`;
  const ROWS = `SELECT ${selectRows(partition)}`;
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
    rows: db.prepare<[string, string, number], MovedRow>(
      `${ROWS} WHERE correlation_id > ? AND correlation_id <= ? ORDER BY correlation_id LIMIT ?`,
    ),
    rowsAfter: db.prepare<[string, number], MovedRow>(
      `${ROWS} WHERE correlation_id > ? ORDER BY correlation_id LIMIT ?`,
    ),
    rowsOf: db.prepare<[string], MovedRow>(`${ROWS} WHERE ${OF}`),
  };
}

function shadowStatements(db: BetterSqlite3.Database, partition: Partition) {
  const { events, rows, identifiers, movedAt } = TABLES[partition];
  const shadow = shadowOf(rows);
  const columns = [...PROCESS_COLUMNS, movedAt];
  return {
    behind: db
      .prepare<[Ids['after'], Ids['upTo'], number], string>(
        `SELECT DISTINCT e.correlation_id FROM ${events} AS e
         LEFT JOIN ${shadow} AS s ON s.correlation_id = e.correlation_id
         WHERE e.id > ? AND e.id <= ? AND (s.version IS NULL OR s.version < e.version) LIMIT ?`,
      )
      .pluck(),
    ...removals(db, shadow),
    identifiers: identifierStatements(db, identifiers),
    insert: db.prepare(
      `INSERT INTO ${shadow} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    ),
  };
}

type Removals = ReturnType<typeof removals>;

function removals(db: BetterSqlite3.Database, table: string) {
  return {
    remove: db.prepare(`DELETE FROM ${table} WHERE correlation_id > ? AND correlation_id <= ?`),
    removeAfter: db.prepare(`DELETE FROM ${table} WHERE correlation_id > ?`),
    removeOne: db.prepare(`DELETE FROM ${table} WHERE correlation_id = ?`),
  };
}

function identifierStatements(db: BetterSqlite3.Database, table: string) {
  const shadow = shadowOf(table);
  const columns = IDENTIFIER_COLUMNS.join(', ');
  return {
    ...removals(db, shadow),
    insert: insertIdentifiers(db, shadow),
    /** Takes over hashes that cannot be computed without their master key. */
    keep: db.prepare(
      `INSERT INTO ${shadow} (${columns}) SELECT ${columns} FROM ${table}
       WHERE is_hashed = 1 AND correlation_id IN (SELECT value FROM json_each(?))
       ON CONFLICT DO NOTHING`,
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
