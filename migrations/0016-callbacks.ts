import type { Knex } from 'knex';
import { dialectOf } from './dialect.ts';

/**
 * Creates what callbacks need: subscriptions, the generations of their secrets, deliveries that are not done, notices
 * that were written, and the position in the feed up to which deliveries were made. Nobody can have asked for a callback
 * before: the position begins at the end of the feed.
 */
export async function up(knex: Knex): Promise<void> {
  const dialect = dialectOf(knex);
  await knex.schema.createTable('subscription', (table) => {
    table.specificType('id', `${dialect.varchar(36)} NOT NULL`).primary();
    table.specificType('url', `${dialect.nvarchar(2_000)} NOT NULL`);
    table.specificType('events', `${dialect.text} NOT NULL`);
    table.specificType('process_key', `${dialect.nvarchar(255)} NULL`);
    table.specificType('after_position', `${dialect.bigint} NOT NULL`);
    table.specificType('created_at', `${dialect.time} NOT NULL`);
    table.specificType('created_by', `${dialect.nvarchar(2 * 255)} NOT NULL`);
  });
  await knex.schema.createTable('signing_key', (table) => {
    table.specificType('id', `${dialect.varchar(255)} NOT NULL`).primary();
    table.specificType('generation', `${dialect.integer} NOT NULL`);
    table.specificType('oldest', `${dialect.integer} NOT NULL`);
  });
  await knex.schema.createTable('delivery', (table) => {
    table.specificType('id', `${dialect.varchar(100)} NOT NULL`).primary();
    table.specificType('target', `${dialect.varchar(255)} NOT NULL`);
    table.specificType('url', `${dialect.nvarchar(2_000)} NOT NULL`);
    table.specificType('host', `${dialect.varchar(255)} NOT NULL`);
    table.specificType('event_type', `${dialect.varchar(50)} NOT NULL`);
    table.specificType('correlation_id', `${dialect.varchar(255)} NOT NULL`);
    table.specificType('process_key', `${dialect.nvarchar(255)} NOT NULL`);
    table.specificType('event_position', `${dialect.bigint} NOT NULL`);
    table.specificType('event_version', `${dialect.integer} NOT NULL`);
    table.specificType('notice', `${dialect.text} NULL`);
    table.specificType('attempts', `${dialect.integer} NOT NULL`);
    table.specificType('status', `${dialect.varchar(50)} NOT NULL`);
    table.specificType('next_at', `${dialect.time} NOT NULL`);
    table.specificType('claimed_by', `${dialect.varchar(36)} NULL`);
    table.specificType('last_error', `${dialect.nvarchar(500)} NULL`);
    table.specificType('created_at', `${dialect.time} NOT NULL`);
  });
  await knex.schema.raw('CREATE INDEX idx_delivery_due ON delivery (status, next_at, host)');
  await knex.schema.raw(
    'CREATE INDEX idx_delivery_order ON delivery (correlation_id, target, status, event_position)',
  );
  await knex.schema.createTable('delivered_notice', (table) => {
    table.specificType('id', `${dialect.varchar(100)} NOT NULL`).primary();
    table.specificType('created_at', `${dialect.time} NOT NULL`);
  });
  await knex.schema.createTable('delivery_position', (table) => {
    table.specificType('id', `${dialect.integer} NOT NULL`).primary();
    table.specificType('event_position', `${dialect.bigint} NOT NULL`);
    table.specificType('revision', `${dialect.integer} NOT NULL`);
  });
  const head =
    dialect.kind === 'sqlite'
      ? "SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'event_log'), 0)"
      : 'SELECT position FROM feed_head';
  await knex.raw(
    `INSERT INTO delivery_position (id, event_position, revision) SELECT 1, (${head}), 0`,
  );
  await knex('schema_version').insert({ version: 16 });
}

/** Drops them: what was not delivered yet is not delivered. */
export async function down(knex: Knex): Promise<void> {
  for (const table of [
    'delivery_position',
    'delivered_notice',
    'delivery',
    'signing_key',
    'subscription',
  ]) {
    await knex.schema.dropTable(table);
  }
  await knex('schema_version').where({ version: 16 }).delete();
}
