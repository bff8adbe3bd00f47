import type BetterSqlite3 from 'better-sqlite3';
import type {
  IdentifierIndex,
  IdentifierRow,
  IdentifierSource,
  IndexedProcess,
} from '../../domain/identifiers/index.ts';
import type { StoredEvent } from '../../domain/process/index.ts';
import { IDENTIFIER_COLUMNS } from '../sql/columns.ts';
import { identifiersAsJson, sourceOf } from '../sql/identifier-rows.ts';

const field = (name: (typeof IDENTIFIER_COLUMNS)[number]): string =>
  `given.value ->> ${IDENTIFIER_COLUMNS.indexOf(name)}`;

/**
 * Prepares the insertion of identifiers into a table, many in one statement. Rows that are there already stay. The hashes
 * of a process that was erased meanwhile are left out.
 */
export function insertIdentifiers(
  db: BetterSqlite3.Database,
  table: string,
): (rows: readonly IdentifierRow[]) => void {
  const insert = db.prepare(
    `INSERT INTO ${table} (${IDENTIFIER_COLUMNS.join(', ')})
     SELECT ${IDENTIFIER_COLUMNS.map(field).join(', ')} FROM json_each(?) AS given
     WHERE ${field('is_hashed')} = 0 OR NOT EXISTS (SELECT 1 FROM process_key AS k
       WHERE k.correlation_id = ${field('correlation_id')} AND k.erased_at IS NOT NULL)
     ON CONFLICT DO NOTHING`,
  );
  return (rows) => {
    if (rows.length > 0) insert.run(identifiersAsJson(rows));
  };
}

/** The identifiers of the processes whose first rows one transaction writes. */
export interface IdentifierPass {
  /**
   * Takes the identifiers of a process.
   *
   * @returns false when the keys of its personal ones have to be read first
   */
  take(first: StoredEvent): boolean;
  rows: IdentifierRow[];
  taken: string[];
  left: IdentifierSource[];
}

/** @param prepared processes whose keys were read */
export function createIdentifierPass(
  index: Pick<IdentifierIndex, 'clearRowsOf'>,
  prepared: ReadonlyMap<string, IndexedProcess>,
): IdentifierPass {
  const pass: IdentifierPass = {
    rows: [],
    taken: [],
    left: [],
    take(first) {
      const source = sourceOf(first);
      if (source.identifiers === undefined) return true;
      const rows = prepared.get(source.correlationId)?.rows ?? index.clearRowsOf(source);
      if (rows) {
        pass.rows.push(...rows);
        pass.taken.push(source.correlationId);
      } else {
        pass.left.push(source);
      }
      return rows !== null;
    },
  };
  return pass;
}

/**
 * Does `work`, which moves or deletes hashed identifiers, such that the bytes they leave are overwritten
 * (https://sqlite.org/pragma.html#pragma_secure_delete): with the key of the hashes one could try values on what is left in
 * the file. Only for these rows, because zeroing everything that is deleted would double the writes.
 *
 * SQLite overwrites what is deleted, but not the copies that it leaves between the cells of a page when it divides
 * pages (`rebuildPage` in its btree.c, 3.53). They last until other cells take their place, or until a
 * rebuild has replaced the table.
 */
export function overwriting<T>(db: BetterSqlite3.Database, work: () => T): T {
  const before = db.pragma('secure_delete', { simple: true }) as number;
  db.pragma('secure_delete = ON');
  try {
    return work();
  } finally {
    db.pragma(`secure_delete = ${before === 2 ? 'FAST' : before === 1 ? 'ON' : 'OFF'}`);
  }
}
