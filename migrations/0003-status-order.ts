import type { Knex } from 'knex';

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
  await knex.schema.alterTable('process_store', (table) => {
    table.dropIndex(['status', 'updated_at', 'correlation_id'], 'idx_status_updated_at');
  });
  await knex('schema_version').where({ version: 3 }).delete();
}
