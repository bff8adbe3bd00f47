import { setImmediate as nextTurn } from 'node:timers/promises';
import type BetterSqlite3 from 'better-sqlite3';
import { IDENTIFIER_TABLES, REBUILT, replacedOf, shadowOf } from '../sql/process-tables.ts';
import { overwriting } from './identifiers.ts';

/** Rows of one transaction: others wait some milliseconds for it. */
const MAX_ROWS = 500;
/** The ending of the second set of index names. */
const SECOND = '_b';

export function tableExists(db: BetterSqlite3.Database, name: string): boolean {
  return (
    db.prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?`).get(name) !==
    undefined
  );
}

/**
 * Creates an empty table with the columns and indexes of another. Index names are unique in a database on SQLite, and
 * an index cannot be renamed: rebuilds use two sets of names in turn.
 */
export function copyDefinition(db: BetterSqlite3.Database, table: string, copy: string): void {
  const made = db
    .prepare<[string], { type: string; name: string; sql: string }>(
      `SELECT type, name, sql FROM sqlite_master
       WHERE tbl_name = ? AND type IN ('table', 'index') AND sql IS NOT NULL ORDER BY type DESC`,
    )
    .all(table);
  for (const { type, name, sql } of made) {
    if (type === 'table') {
      db.exec(sql.replace(named(table), copy));
      continue;
    }
    const other = name.endsWith(SECOND) ? name.slice(0, -SECOND.length) : `${name}${SECOND}`;
    db.exec(sql.replace(named(name), other).replace(named(table), copy));
  }
}

/** Matches a name, quoted or not. */
function named(name: string): RegExp {
  return new RegExp(`["\`[]?\\b${name}\\b["\`\\]]?`);
}

/**
 * The shadow tables take the names of the tables. SQLite itself prepares statements of other connections again at their
 * next use (https://sqlite.org/c3ref/prepare.html).
 */
export function swapTables(db: BetterSqlite3.Database): void {
  for (const table of REBUILT) {
    db.exec(`ALTER TABLE ${table} RENAME TO ${replacedOf(table)}`);
    db.exec(`ALTER TABLE ${shadowOf(table)} RENAME TO ${table}`);
  }
}

/**
 * Drops tables after removing their rows in small steps: SQLite needs as long to drop a large table as to read it, and
 * blocks all other writers meanwhile.
 */
export async function emptyAndDrop(
  db: BetterSqlite3.Database,
  which: 'shadows' | 'replaced',
  transaction: (work: () => void) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for (const rebuilt of REBUILT) {
    const table = which === 'shadows' ? shadowOf(rebuilt) : replacedOf(rebuilt);
    if (!tableExists(db, table)) continue;
    const isIndex = IDENTIFIER_TABLES.includes(table);
    const discard = <T>(work: () => T): T => (isIndex ? overwriting(db, work) : work());
    const key = isIndex ? '(correlation_id, name)' : 'rowid';
    const columns = isIndex ? 'correlation_id, name' : 'rowid';
    const remove = db.prepare(
      `DELETE FROM ${table} WHERE ${key} IN (SELECT ${columns} FROM ${table} LIMIT ${MAX_ROWS})`,
    );
    for (let changes = 1; changes > 0; ) {
      if (signal.aborted) return;
      await transaction(() => {
        changes = discard(() => remove.run().changes);
      });
      await nextTurn();
    }
    await transaction(() => void discard(() => db.exec(`DROP TABLE ${table}`)));
  }
}
