import type { Knex } from 'knex';
import { dialectOf } from './dialect.ts';

/** What a list of the log is narrowed by; each page is read from where it begins. */
const INDEXES = ['action', 'actor', 'subject', 'created_at'];

/** Creates audit_log: administrative acts that no event tells of. Rows are only ever added. */
export async function up(knex: Knex): Promise<void> {
  const dialect = dialectOf(knex);
  await knex.schema.createTable('audit_log', (table) => {
    table.specificType('seq', `${dialect.bigint} NOT NULL`).primary();
    table.specificType('id', `${dialect.varchar(36)} NOT NULL`);
    table.specificType('act', `${dialect.varchar(36)} NOT NULL`);
    table.specificType('action', `${dialect.varchar(50)} NOT NULL`);
    table.specificType('outcome', `${dialect.varchar(50)} NOT NULL`);
    table.specificType('actor', `${dialect.nvarchar(2 * 255)} NOT NULL`);
    table.specificType('subject', `${dialect.nvarchar(255)} NULL`);
    table.specificType('details', `${dialect.text} NOT NULL`);
    table.specificType('created_at', `${dialect.time} NOT NULL`);
    table.specificType('hash', `${dialect.varchar(64)} NOT NULL`);
  });
  await knex.schema.raw('CREATE UNIQUE INDEX idx_audit_log_id ON audit_log (id)');
  await knex.schema.raw('CREATE INDEX idx_audit_log_act ON audit_log (act)');
  for (const column of INDEXES) {
    await knex.schema.raw(`CREATE INDEX idx_audit_log_${column} ON audit_log (${column}, seq)`);
  }
  await knex('schema_version').insert({ version: 13 });
}

/** Drops it, and what it says. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('audit_log');
  await knex('schema_version').where({ version: 13 }).delete();
}
