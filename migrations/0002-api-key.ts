import type { Knex } from 'knex';
import { dialectOf } from './dialect.ts';

/** Creates api_key: the callers and their scopes. It has only the hashes of the keys. */
export async function up(knex: Knex): Promise<void> {
  const dialect = dialectOf(knex);
  await knex.schema.createTable('api_key', (table) => {
    table.specificType('id', `${dialect.varchar(32)} NOT NULL`).primary();
    table.specificType('name', `${dialect.varchar(100)} NOT NULL`);
    table.specificType('hash', `${dialect.varchar(64)} NOT NULL`);
    table.specificType('scopes', `${dialect.varchar(255)} NOT NULL`);
    table.specificType('created_at', `${dialect.time} NOT NULL`);
    table.specificType('expires_at', `${dialect.time} NULL`);
    table.specificType('revoked_at', `${dialect.time} NULL`);
    table.specificType('last_used_at', `${dialect.time} NULL`);
  });
  await knex.schema.alterTable('api_key', (table) => {
    table.index(['name'], 'idx_api_key_name');
  });
  await knex('schema_version').insert({ version: 2 });
}

/** Drops it: no key is valid any more. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('api_key');
  await knex('schema_version').where({ version: 2 }).delete();
}
