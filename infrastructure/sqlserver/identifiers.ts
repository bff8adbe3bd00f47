import { IDENTIFIER_COLUMNS, PROCESS_IDENTIFIER } from '../sql/columns.ts';

const COLUMNS = IDENTIFIER_COLUMNS.join(', ');
/** As OPENJSON takes them, which has no collations: the columns have them. */
const TYPES: Readonly<Record<keyof typeof PROCESS_IDENTIFIER, string>> = {
  correlation_id: `VARCHAR(${PROCESS_IDENTIFIER.correlation_id.length})`,
  process_name: `VARCHAR(${PROCESS_IDENTIFIER.process_name.length})`,
  name: `NVARCHAR(${PROCESS_IDENTIFIER.name.length})`,
  value: `NVARCHAR(${PROCESS_IDENTIFIER.value.length})`,
  number: 'FLOAT',
  is_hashed: 'SMALLINT',
};
const GIVEN = `OPENJSON(@identifiers) WITH (${IDENTIFIER_COLUMNS.map(
  (name, at) => `${name} ${TYPES[name]} '$[${at}]'`,
).join(', ')})`;
/** Keys are compared byte by byte. */
const ID = 'given.correlation_id COLLATE Latin1_General_BIN2';
const NAME = 'given.name COLLATE Latin1_General_BIN2';

/** True for a row `given` of a process whose key is destroyed; waits for an erasure that is being committed. */
const IS_ERASED = `EXISTS (SELECT 1 FROM process_key AS k WITH (READCOMMITTEDLOCK)
    WHERE k.correlation_id = ${ID} AND k.erased_at IS NOT NULL)`;

/**
 * Inserts the rows in `@identifiers` (`identifiersAsJson`) that are not there yet. The hashes of a process that was erased
 * meanwhile are left out.
 *
 * @param rows the table of processes: only those in it get rows
 */
export const insertIdentifiers = (
  table: string,
  rows: string,
): string => `INSERT INTO ${table} (${COLUMNS})
  SELECT ${COLUMNS} FROM ${GIVEN} AS given
  WHERE EXISTS (SELECT 1 FROM ${rows} AS p WHERE p.correlation_id = ${ID})
    AND NOT EXISTS (SELECT 1 FROM ${table} AS i WHERE i.correlation_id = ${ID} AND i.name = ${NAME})
    AND (given.is_hashed = 0 OR NOT ${IS_ERASED});`;

/** Removes what was inserted into a table for those of the given processes that were erased meanwhile. */
export const removeErased = (table: string, ids: string): string => `DELETE FROM ${table}
  WHERE is_hashed = 1 AND correlation_id IN (${ids}) AND EXISTS (SELECT 1 FROM process_key AS k WITH (READCOMMITTEDLOCK)
    WHERE k.correlation_id = ${table}.correlation_id AND k.erased_at IS NOT NULL);`;

/** Copies the hashes of processes, which cannot be computed without their master key. */
export const copyHashes = (
  from: string,
  to: string,
  ids: string,
): string => `INSERT INTO ${to} (${COLUMNS})
  SELECT ${COLUMNS} FROM ${from} WHERE is_hashed = 1 AND correlation_id IN (${ids});`;
