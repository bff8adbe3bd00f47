import type { Knex } from 'knex';
import { SetupError } from '../domain/common/index.ts';
import { migrationSource, SCHEMA_VERSION } from './index.ts';

/**
 * Brings the schema up to date. On SQLite under the lock of `infrastructure/sqlite/migrate.ts`.
 *
 * @returns the names of the migrations that were run
 */
export async function migrateUp(knex: Knex): Promise<string[]> {
  const [, names]: [number, string[]] = await knex.migrate.latest({ migrationSource });
  return names;
}

/** Reverts the migrations of the last run. Returns their names. */
export async function migrateDown(knex: Knex): Promise<string[]> {
  const [, names]: [number, string[]] = await knex.migrate.rollback({ migrationSource });
  return names;
}

/**
 * Checks that the schema is the one this code works with.
 *
 * @throws SetupError saying what to run
 */
export async function checkSchema(knex: Knex): Promise<void> {
  const version = await schemaVersion(knex);
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

/** The version that the migrations have brought the database to; 0 without any. */
export async function schemaVersion(knex: Knex): Promise<number> {
  const exists = await knex.schema.hasTable('schema_version');
  const row = exists ? await knex('schema_version').max({ version: 'version' }).first() : undefined;
  return Number(row?.version ?? 0);
}
