import type { Knex } from 'knex';
import { EVENT_LOG } from '../infrastructure/sql/columns.ts';
import { columnType, type Dialect, dialectOf } from './dialect.ts';

/**
 * Columns and tables for keeping data for years: the hash chain of the events, the time a process was restored from the
 * archive, the keys of personal data, and checkpoints of long runs.
 *
 * `hash` is null in the events that were written before there was a chain.
 */
export async function up(knex: Knex): Promise<void> {
  const dialect = dialectOf(knex);
  for (const table of ['event_log', 'event_log_archive']) {
    await addColumn(knex, table, 'hash', columnType(EVENT_LOG.hash, dialect));
  }
  await addColumn(knex, 'process_store', 'restored_at', `${dialect.time} NULL`);
  await createProcessKey(knex, dialect);
  await knex.schema.createTable('checkpoint', (table) => {
    table.specificType('name', `${dialect.varchar(100)} NOT NULL`).primary();
    table.specificType('data', `${dialect.text} NOT NULL`);
    table.specificType('updated_at', `${dialect.time} NOT NULL`);
  });
  await knex('schema_version').insert({ version: 4 });
}

/** Drops them: personal data that was encrypted cannot be read any more. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('checkpoint');
  await knex.schema.dropTable('process_key');
  await knex.schema.alterTable('process_store', (table) => table.dropColumn('restored_at'));
  for (const table of ['event_log_archive', 'event_log']) {
    await knex.schema.alterTable(table, (columns) => columns.dropColumn('hash'));
  }
  await knex('schema_version').where({ version: 4 }).delete();
}

/** One key for a process, wrapped by a master key; the row of a destroyed key stays, without it. */
async function createProcessKey(knex: Knex, dialect: Dialect): Promise<void> {
  await knex.schema.createTable('process_key', (table) => {
    table.specificType('correlation_id', `${dialect.varchar(255)} NOT NULL`).primary();
    table.specificType('wrapped_key', `${dialect.varchar(255)} NULL`);
    table.specificType('master_key', `${dialect.varchar(32)} NULL`);
    table.specificType('created_at', `${dialect.time} NOT NULL`);
    table.specificType('erased_at', `${dialect.time} NULL`);
    table.specificType('engine_erased_at', `${dialect.time} NULL`);
  });
  // Every start reads which master keys are in use, and `rotate` reads the rows of one of them.
  await knex.schema.raw(
    'CREATE INDEX idx_process_key_master_key ON process_key (master_key) WHERE master_key IS NOT NULL',
  );
  // Every run of the reconciler reads the few processes whose data the engine may still have.
  await knex.schema.raw(
    'CREATE INDEX idx_process_key_erased_at ON process_key (erased_at) WHERE erased_at IS NOT NULL AND engine_erased_at IS NULL',
  );
}

async function addColumn(knex: Knex, table: string, name: string, type: string): Promise<void> {
  await knex.schema.alterTable(table, (columns) => {
    columns.specificType(name, type);
  });
}
