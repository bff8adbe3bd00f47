import type { Knex } from 'knex';
import { PROCESS_IDENTIFIER } from '../infrastructure/sql/columns.ts';
import { columnType, dialectOf } from './dialect.ts';
import { dropInterruptedRebuild } from './drop-interrupted-rebuild.ts';

const TABLES = ['process_identifier', 'process_identifier_archive'] as const;

const ERROR_INDEXES = [
  { name: 'idx_error_code', on: 'process_store' },
  { name: 'idx_process_store_archive_error_code', on: 'process_store_archive' },
] as const;

/**
 * The business identifiers of processes as rows that are searched by, and indexes on the error codes. The rows of
 * processes that began before are made by a rebuild: personal ones need keys that no migration has.
 */
export async function up(knex: Knex): Promise<void> {
  const dialect = dialectOf(knex);
  await dropInterruptedRebuild(knex);
  for (const table of TABLES) {
    const columns = Object.entries(PROCESS_IDENTIFIER).map(
      ([name, column]) => `${name} ${columnType(column, dialect)}`,
    );
    // On SQLite the rows are in the index of their key, and each takes one place less.
    const within = dialect.kind === 'sqlite' ? ' WITHOUT ROWID' : '';
    await knex.schema.raw(
      `CREATE TABLE ${table} (${columns.join(', ')}, PRIMARY KEY (correlation_id, name))${within}`,
    );
    await knex.schema.raw(
      `CREATE INDEX idx_${table}_value ON ${table} (name, value, is_hashed, correlation_id)`,
    );
  }
  for (const { name, on } of ERROR_INDEXES) {
    await knex.schema.raw(
      `CREATE INDEX ${name} ON ${on} (error_code, updated_at, correlation_id) WHERE error_code IS NOT NULL`,
    );
  }
  await knex('schema_version').insert({ version: 14 });
}

/** Drops them. */
export async function down(knex: Knex): Promise<void> {
  await dropInterruptedRebuild(knex);
  for (const { name, on } of ERROR_INDEXES) {
    if (dialectOf(knex).kind === 'mssql') {
      await knex.schema.raw(`DROP INDEX ${name} ON ${on}`);
      continue;
    }
    // A rebuild creates the tables again, with two names in turn: they are unique in a database.
    for (const made of [name, `${name}_b`]) {
      await knex.schema.raw(`DROP INDEX IF EXISTS ${made}`);
    }
  }
  for (const table of TABLES) await knex.schema.dropTable(table);
  await knex('schema_version').where({ version: 14 }).delete();
}
