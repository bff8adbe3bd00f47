import type { Knex } from 'knex';
import { dialectOf } from './dialect.ts';

/**
 * An index of the processes of one status in the order of the list: the reconciler pages through those
 * that are pending, and must not sort them all for every page.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('process_store', (table) => {
    table.index(['status', 'updated_at', 'correlation_id'], 'idx_status_updated_at');
  });
  await knex('schema_version').insert({ version: 3 });
}

export async function down(knex: Knex): Promise<void> {
  if (dialectOf(knex).kind === 'mssql') {
    await knex.schema.raw('DROP INDEX idx_status_updated_at ON process_store');
  } else {
    // A rebuild creates the table again, with two names in turn: they are unique in a database.
    for (const name of ['idx_status_updated_at', 'idx_status_updated_at_b']) {
      await knex.schema.raw(`DROP INDEX IF EXISTS ${name}`);
    }
  }
  await knex('schema_version').where({ version: 3 }).delete();
}
