import type { Knex } from 'knex';
import { dialectOf } from './dialect.ts';

/** Creates bulk_run, the runs of bulk actions, and bulk_item, the processes that they have not acted on or that failed. */
export async function up(knex: Knex): Promise<void> {
  const dialect = dialectOf(knex);
  await knex.schema.createTable('bulk_run', (table) => {
    table.specificType('id', `${dialect.varchar(36)} NOT NULL`).primary();
    table.specificType('action', `${dialect.varchar(50)} NOT NULL`);
    table.specificType('criteria', `${dialect.text} NOT NULL`);
    table.specificType('reason', `${dialect.text} NOT NULL`);
    table.specificType('actor', `${dialect.nvarchar(2 * 255)} NOT NULL`);
    table.specificType('max_per_second', `${dialect.integer} NOT NULL`);
    table.specificType('dry_run', `${dialect.smallint} NOT NULL`);
    table.specificType('status', `${dialect.varchar(50)} NOT NULL`);
    table.specificType('is_collected', `${dialect.smallint} NOT NULL`);
    table.specificType('collected', `${dialect.text} NOT NULL`);
    table.specificType('found_count', `${dialect.integer} NOT NULL`);
    table.specificType('per_second', `${dialect.integer} NOT NULL`);
    table.specificType('created_at', `${dialect.time} NOT NULL`);
    table.specificType('updated_at', `${dialect.time} NOT NULL`);
    table.specificType('ended_at', `${dialect.time} NULL`);
  });
  await knex.schema.raw('CREATE INDEX idx_bulk_run_status ON bulk_run (status)');
  await knex.schema.createTable('bulk_item', (table) => {
    table.specificType('bulk_id', `${dialect.varchar(36)} NOT NULL`);
    table.specificType('correlation_id', `${dialect.varchar(255)} NOT NULL`);
    table.specificType('failed', `${dialect.smallint} NOT NULL`);
    table.specificType('failure', `${dialect.nvarchar(500)} NULL`);
    table.primary(['bulk_id', 'correlation_id']);
  });
  await knex.schema.raw(
    'CREATE INDEX idx_bulk_item_failed ON bulk_item (bulk_id, failed, correlation_id)',
  );
  await knex('schema_version').insert({ version: 15 });
}

/** Drops them: what runs have not done yet is not done. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('bulk_item');
  await knex.schema.dropTable('bulk_run');
  await knex('schema_version').where({ version: 15 }).delete();
}
