import type { Knex } from 'knex';
import { SetupError } from '../../domain/errors.ts';
import { migrationSource, SCHEMA_VERSION } from '../../migrations/index.ts';
import { migrateAlone } from './sqlite/migrate-alone.ts';

/** Brings the schema up to date. Returns the names of the migrations that were run. */
export async function migrateUp(knex: Knex): Promise<string[]> {
  const [, names] = await migrateAlone(
    knex,
    () => knex.migrate.latest({ migrationSource }) as Promise<[number, string[]]>,
  );
  return names;
}

/** Takes back the migrations of the last run. Returns their names. */
export async function migrateDown(knex: Knex): Promise<string[]> {
  const [, names] = await migrateAlone(
    knex,
    () => knex.migrate.rollback({ migrationSource }) as Promise<[number, string[]]>,
  );
  return names;
}

/**
 * Checks that the schema is the one this code works with.
 *
 * @throws SetupError saying what to run
 */
export async function checkSchema(knex: Knex): Promise<void> {
  const exists = await knex.schema.hasTable('schema_version');
  const row = exists ? await knex('schema_version').max({ version: 'version' }).first() : undefined;
  const version = Number(row?.version ?? 0);
  if (version < SCHEMA_VERSION) {
    throw new SetupError(
      `the database has schema version ${version}, this release needs ${SCHEMA_VERSION}: run \`fastify-camunda migrate\``,
    );
  }
  if (version > SCHEMA_VERSION) {
    throw new SetupError(
      `the database has schema version ${version}, newer than the ${SCHEMA_VERSION} this release knows: upgrade this instance`,
    );
  }
}
