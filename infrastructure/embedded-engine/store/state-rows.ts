import type BetterSqlite3 from 'better-sqlite3';

interface StateRow {
  version: number;
  /** JSON */
  state: string;
}

/** The states of the running roots. A version is that of one state: it changes with it. */
export interface StateRows {
  get(rootId: string): StateRow | undefined;
  insert(rootId: string, version: number, state: string): void;
  update(rootId: string, version: number, state: string): void;
  delete(rootId: string): void;
}

export function createStateRows(db: BetterSqlite3.Database): StateRows {
  const get = db.prepare<[string], StateRow>(
    'SELECT version, state FROM engine_state WHERE root_id = ?',
  );
  const insert = db.prepare('INSERT INTO engine_state (root_id, version, state) VALUES (?, ?, ?)');
  const update = db.prepare('UPDATE engine_state SET version = ?, state = ? WHERE root_id = ?');
  const remove = db.prepare('DELETE FROM engine_state WHERE root_id = ?');
  return {
    get: (rootId) => get.get(rootId),
    insert: (rootId, at, state) => void insert.run(rootId, at, state),
    update: (rootId, at, state) => void update.run(at, state, rootId),
    delete: (rootId) => void remove.run(rootId),
  };
}
