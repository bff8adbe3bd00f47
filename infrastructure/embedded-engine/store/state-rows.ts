import type BetterSqlite3 from 'better-sqlite3';
import type { State } from '../../../domain/bpmn/index.ts';
import { type OpenCounts, type OpenNodes, openNodesOf } from './open-counts.ts';

interface StateRow {
  version: number;
  /** JSON */
  state: string;
}

/** The states of the running roots. A version is that of one state: it changes with it. */
export interface StateRows {
  get(rootId: string): StateRow | undefined;
  /** @returns its text */
  insert(rootId: string, version: number, state: State): string;
  /** @returns its text */
  update(rootId: string, version: number, state: State, before: State): string;
  /** Nothing, when it has none. */
  delete(rootId: string): void;
}

/** What is open in a state is counted in `counts`, and kept beside it for when that cannot be read. */
export function createStateRows(db: BetterSqlite3.Database, counts: OpenCounts): StateRows {
  const get = db.prepare<[string], StateRow>(
    'SELECT version, state FROM engine_state WHERE root_id = ?',
  );
  const insert = db.prepare(
    'INSERT INTO engine_state (root_id, version, state, open) VALUES (?, ?, ?, ?)',
  );
  const update = db.prepare(
    'UPDATE engine_state SET version = ?, state = ?, open = ? WHERE root_id = ?',
  );
  const remove = db
    .prepare<[string], string>('DELETE FROM engine_state WHERE root_id = ? RETURNING open')
    .pluck();
  return {
    get: (rootId) => get.get(rootId),
    insert(rootId, at, state) {
      const text = JSON.stringify(state);
      const open = openNodesOf(state);
      insert.run(rootId, at, text, JSON.stringify(open));
      counts.change([], open);
      return text;
    },
    update(rootId, at, state, before) {
      const text = JSON.stringify(state);
      const open = openNodesOf(state);
      update.run(at, text, JSON.stringify(open), rootId);
      counts.change(openNodesOf(before), open);
      return text;
    },
    delete(rootId) {
      const open = remove.get(rootId);
      if (open !== undefined) counts.change(JSON.parse(open) as OpenNodes[], []);
    },
  };
}
