import { quoted } from '../../migrations/permissions.ts';
import { REBUILT, replacedOf, shadowOf } from '../sql/process-tables.ts';
import { type Connection, permissionsOn, permit } from './permissions.ts';
import { dropViews } from './process-views.ts';

interface Column {
  name: string;
  type: string;
  length: number | null;
  precision: number | null;
  collation: string | null;
  nullable: 'YES' | 'NO';
}

interface IndexColumn {
  name: string;
  type: string;
  is_unique: boolean;
  is_primary_key: boolean;
  filter: string | null;
  column: string;
  key_order: number;
  is_descending: boolean;
  is_included: boolean;
}

const columnsOf = (table: string): string => `
SELECT COLUMN_NAME AS name, DATA_TYPE AS type, CHARACTER_MAXIMUM_LENGTH AS length,
  DATETIME_PRECISION AS precision, COLLATION_NAME AS collation, IS_NULLABLE AS nullable
FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = '${table}' AND TABLE_SCHEMA = SCHEMA_NAME()
ORDER BY ORDINAL_POSITION`;
const checksOf = (table: string): string => `
SELECT definition FROM sys.check_constraints WHERE parent_object_id = OBJECT_ID('${table}')`;
const indexesOf = (table: string): string => `
SELECT i.name, i.type_desc AS type, i.is_unique, i.is_primary_key, i.filter_definition AS filter,
  c.name AS [column], ic.key_ordinal AS key_order, ic.is_descending_key AS is_descending, ic.is_included_column AS is_included
FROM sys.indexes AS i
JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
WHERE i.object_id = OBJECT_ID('${table}') ORDER BY i.index_id, ic.key_ordinal, ic.index_column_id`;

/**
 * Creates an empty table with the columns, checks and indexes of another, including those that an administrator added.
 * Index names are unique in a table; constraints, whose names are unique in a schema, get names from the server.
 */
export async function copyDefinition(db: Connection, table: string, copy: string): Promise<void> {
  const [columns, checks, parts] = [
    await rows<Column>(db, columnsOf(table)),
    await rows<{ definition: string }>(db, checksOf(table)),
    await rows<IndexColumn>(db, indexesOf(table)),
  ];
  const lines = [
    ...columns.map(columnLine),
    ...checks.map(({ definition }) => `CHECK ${definition}`),
  ];
  await db.request().batch(`CREATE TABLE ${copy} (${lines.join(',\n')})`);
  for (const index of new Set(parts.map(({ name }) => name))) {
    await db.request().batch(
      indexStatement(
        copy,
        parts.filter(({ name }) => name === index),
      ),
    );
  }
}

function columnLine({ name, type, length, precision, collation, nullable }: Column): string {
  const size = length === null ? precision : length === -1 ? 'MAX' : length;
  return [
    quoted(name),
    size === null ? type : `${type}(${size})`,
    collation ? `COLLATE ${collation}` : '',
    nullable === 'NO' ? 'NOT NULL' : 'NULL',
  ].join(' ');
}

function indexStatement(table: string, parts: readonly IndexColumn[]): string {
  const [first] = parts;
  if (!first) return '';
  const { name, type, filter } = first;
  if (type.endsWith('COLUMNSTORE')) {
    const list = type === 'CLUSTERED COLUMNSTORE' ? '' : `(${columnList(parts)})`;
    return `CREATE ${type} INDEX ${quoted(name)} ON ${table} ${list}`;
  }
  const keys = parts
    .filter(({ is_included }) => !is_included)
    .map(({ column, is_descending }) => `${quoted(column)}${is_descending ? ' DESC' : ''}`)
    .join(', ');
  if (first.is_primary_key) return `ALTER TABLE ${table} ADD PRIMARY KEY ${type} (${keys})`;
  const included = parts.filter(({ is_included }) => is_included);
  return [
    `CREATE ${first.is_unique ? 'UNIQUE ' : ''}${type} INDEX ${quoted(name)} ON ${table} (${keys})`,
    included.length > 0 ? `INCLUDE (${columnList(included)})` : '',
    filter ? `WHERE ${filter}` : '',
  ].join(' ');
}

/**
 * The shadow tables take the names of the tables, and the grants and denials on these: they belong to the id of a
 * table, not to its name.
 */
export async function swapTables(db: Connection): Promise<void> {
  const createViews = await dropViews(db);
  for (const table of REBUILT) {
    const permissions = await permissionsOn(db, table);
    await rename(db, table, replacedOf(table));
    await rename(db, shadowOf(table), table);
    await permit(db, table, permissions);
  }
  await createViews();
}

async function rename(db: Connection, from: string, to: string): Promise<void> {
  await db.request().batch(`EXEC sp_rename '${from}', '${to}', 'OBJECT'`);
}

/** The server frees the pages of a large table after the statement (deferred drop). */
export async function dropTables(db: Connection, which: 'shadows' | 'replaced'): Promise<void> {
  for (const rebuilt of REBUILT) {
    const table = which === 'shadows' ? shadowOf(rebuilt) : replacedOf(rebuilt);
    await db.request().batch(`DROP TABLE IF EXISTS ${table}`);
  }
}

async function rows<Row>(db: Connection, statement: string): Promise<Row[]> {
  return (await db.request().query<Row>(statement)).recordset;
}

const columnList = (parts: readonly IndexColumn[]): string =>
  parts.map(({ column }) => quoted(column)).join(', ');
