import type { Knex } from 'knex';
import type { Column } from '../infrastructure/sql/columns.ts';

/** The words in which the two databases differ; a migration is written once with them. */
export interface Dialect {
  kind: 'sqlite' | 'mssql';
  /** An identity that counts up and is never used twice. */
  identity(table: Knex.CreateTableBuilder, column: string): void;
  varchar(length: number): string;
  /** Text of all letters, up to this many UTF-16 code units. */
  nvarchar(length: number): string;
  /** Text of any length; JSON or not. */
  text: string;
  integer: string;
  smallint: string;
  bigint: string;
  /** A number of 64 bits with a fraction. */
  float: string;
  /** Up to this many bytes. */
  binary(length: number): string;
  /** UTC with milliseconds. */
  time: string;
  /** Default of a time column: now. */
  now(knex: Knex): Knex.Raw;
}

/** The definition of a column, without its name. */
export function columnType(column: Column, dialect: Dialect): string {
  return `${typeOf(column, dialect)} ${column.nullable ? 'NULL' : 'NOT NULL'}`;
}

function typeOf(column: Column, dialect: Dialect): string {
  switch (column.type) {
    case 'varchar':
    case 'nvarchar':
    case 'binary':
      return dialect[column.type](column.length);
    default:
      return dialect[column.type];
  }
}

/**
 * Keys are compared byte by byte on both databases: `A1` and `a1` are two processes. SQLite does so
 * by itself; SQL Server needs a binary collation.
 */
const KEY_COLLATION = 'COLLATE Latin1_General_BIN2';

const mssql: Dialect = {
  kind: 'mssql',
  identity(table, column) {
    table.specificType(column, 'BIGINT IDENTITY(1,1) NOT NULL');
  },
  varchar: (length) => `VARCHAR(${length}) ${KEY_COLLATION}`,
  nvarchar: (length) => `NVARCHAR(${length}) ${KEY_COLLATION}`,
  text: 'NVARCHAR(MAX)',
  integer: 'INT',
  smallint: 'SMALLINT',
  bigint: 'BIGINT',
  float: 'FLOAT',
  binary: (length) => `VARBINARY(${length})`,
  time: 'DATETIME2(3)',
  now: (knex) => knex.raw('SYSUTCDATETIME()'),
};

/** SQLite has no types to speak of; times are ISO 8601 texts, which sort as times. */
const sqlite: Dialect = {
  kind: 'sqlite',
  identity(table, column) {
    table.specificType(column, 'INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL');
  },
  varchar: (length) => `VARCHAR(${length})`,
  nvarchar: (length) => `NVARCHAR(${length})`,
  text: 'TEXT',
  integer: 'INT',
  smallint: 'SMALLINT',
  bigint: 'BIGINT',
  float: 'REAL',
  binary: () => 'BLOB',
  time: 'VARCHAR(24)',
  now: (knex) => knex.raw("(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))"),
};

/** The dialect of a connection. */
export function dialectOf(knex: Knex): Dialect {
  return knex.client.dialect === 'mssql' ? mssql : sqlite;
}
