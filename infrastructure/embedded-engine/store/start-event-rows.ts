import type BetterSqlite3 from 'better-sqlite3';
import type { StartEventRow } from './rows.ts';

/** Start events belong to the newest version of a process alone. */
export interface StartEventRows {
  insert(row: StartEventRow): void;
  /** @returns the number of a further one of a definition */
  nextNumber(definitionId: string): number;
  list(kind?: StartEventRow['kind'], name?: string): StartEventRow[];
  get(definitionId: string, number: number): StartEventRow | undefined;
  /** Timers due at `now`, earliest first. */
  due(now: number, limit: number): StartEventRow[];
  nextDue(after: number): number | null;
  update(row: StartEventRow): void;
  delete(definitionId: string, number: number): void;
  deleteOf(definitionId: string): void;
}

export function createStartEventRows(db: BetterSqlite3.Database): StartEventRows {
  const insert = db.prepare(
    `INSERT INTO engine_start_event
       (definition_id, number, element, activity_id, kind, name, due, repeat, retries, exception, failed_at, created_at)
     VALUES (@definition_id, @number, @element, @activity_id, @kind, @name, @due, @repeat, @retries, @exception,
       @failed_at, @created_at)`,
  );
  const nextNumber = db
    .prepare<[string], number>(
      'SELECT COALESCE(MAX(number), 0) + 1 FROM engine_start_event WHERE definition_id = ?',
    )
    .pluck();
  const list = db.prepare<[string | null, string | null], StartEventRow>(
    `SELECT * FROM engine_start_event WHERE kind = COALESCE(?, kind) AND name IS COALESCE(?, name)
     ORDER BY created_at, definition_id, number`,
  );
  const get = db.prepare<[string, number], StartEventRow>(
    'SELECT * FROM engine_start_event WHERE definition_id = ? AND number = ?',
  );
  const due = db.prepare<[number, number], StartEventRow>(
    'SELECT * FROM engine_start_event WHERE due <= ? AND retries > 0 ORDER BY due LIMIT ?',
  );
  const nextDue = db
    .prepare<[number], number | null>(
      'SELECT MIN(due) FROM engine_start_event WHERE due > ? AND retries > 0',
    )
    .pluck();
  const update = db.prepare(
    `UPDATE engine_start_event
     SET due = @due, repeat = @repeat, retries = @retries, exception = @exception, failed_at = @failed_at
     WHERE definition_id = @definition_id AND number = @number`,
  );
  const remove = db.prepare(
    'DELETE FROM engine_start_event WHERE definition_id = ? AND number = ?',
  );
  const removeOf = db.prepare('DELETE FROM engine_start_event WHERE definition_id = ?');

  return {
    insert: (row) => void insert.run(row),
    nextNumber: (definitionId) => nextNumber.get(definitionId) ?? 1,
    list: (kind, name) => list.all(kind ?? null, name ?? null),
    get: (definitionId, number) => get.get(definitionId, number),
    due: (now, limit) => due.all(now, limit),
    nextDue: (after) => nextDue.get(after) ?? null,
    update: (row) => void update.run(row),
    delete: (definitionId, number) => void remove.run(definitionId, number),
    deleteOf: (definitionId) => void removeOf.run(definitionId),
  };
}
