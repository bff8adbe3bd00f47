import type { Knex } from 'knex';
import { dialectOf } from './dialect.ts';
import { dropInterruptedRebuild } from './drop-interrupted-rebuild.ts';

const NAME = 'idx_process_store_waiting';
/** Processes without an instance. SQL Server compares no columns in the filter of an index. */
const FILTER = "status = 'pending' AND process_instance_id IS NULL";

/** Creates the index by which processes are found whose instance is due: it has the few that have none yet. */
export async function up(knex: Knex): Promise<void> {
  await dropInterruptedRebuild(knex);
  const { kind } = dialectOf(knex);
  await knex.schema.raw(
    kind === 'mssql'
      ? `CREATE INDEX ${NAME} ON process_store (started_at, correlation_id) INCLUDE (updated_at) WHERE ${FILTER}`
      : `CREATE INDEX ${NAME} ON process_store (started_at, correlation_id) WHERE ${FILTER} AND started_at > updated_at`,
  );
  await knex('schema_version').insert({ version: 17 });
}

/** Drops it. */
export async function down(knex: Knex): Promise<void> {
  await dropInterruptedRebuild(knex);
  if (dialectOf(knex).kind === 'mssql') {
    await knex.schema.raw(`DROP INDEX ${NAME} ON process_store`);
  } else {
    // A rebuild creates the tables again, with two names in turn.
    for (const made of [NAME, `${NAME}_b`]) await knex.schema.raw(`DROP INDEX IF EXISTS ${made}`);
  }
  await knex('schema_version').where({ version: 17 }).delete();
}
