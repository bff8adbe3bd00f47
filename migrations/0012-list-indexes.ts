import type { Knex } from 'knex';
import { dialectOf } from './dialect.ts';
import { dropInterruptedRebuild } from './drop-interrupted-rebuild.ts';

/** What the list is narrowed by, and behind it what it is ordered by: a page is read from where it begins. */
const INDEXES = [
  { name: 'idx_process_name', on: 'process_store', column: 'process_name, status' },
  { name: 'idx_current_step', on: 'process_store', column: 'current_step, status' },
  {
    name: 'idx_process_store_archive_process_name',
    on: 'process_store_archive',
    column: 'process_name, status',
  },
  {
    name: 'idx_process_store_archive_current_step',
    on: 'process_store_archive',
    column: 'current_step, status',
  },
  { name: 'idx_process_store_archive_status', on: 'process_store_archive', column: 'status' },
];

/**
 * Indexes for each filter of the list. Without them a page of a process or a step that few or none have was looked for in
 * the whole table: 5 s among a million processes.
 */
export async function up(knex: Knex): Promise<void> {
  await dropInterruptedRebuild(knex);
  for (const { name, on, column } of INDEXES) {
    await knex.schema.raw(`CREATE INDEX ${name} ON ${on} (${column}, updated_at, correlation_id)`);
  }
  await knex('schema_version').insert({ version: 12 });
}

/** Drops them. */
export async function down(knex: Knex): Promise<void> {
  await dropInterruptedRebuild(knex);
  for (const { name, on } of INDEXES) {
    if (dialectOf(knex).kind === 'mssql') {
      await knex.schema.raw(`DROP INDEX ${name} ON ${on}`);
      continue;
    }
    // A rebuild creates the tables again, with two names in turn: they are unique in a database.
    for (const made of [name, `${name}_b`]) {
      await knex.schema.raw(`DROP INDEX IF EXISTS ${made}`);
    }
  }
  await knex('schema_version').where({ version: 12 }).delete();
}
