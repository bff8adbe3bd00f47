import type { Knex } from 'knex';
import { SetupError } from '../../domain/common/index.ts';
import { migrationSource, SCHEMA_VERSION } from '../../migrations/index.ts';
import { migrateAlone } from '../sqlite/migrate-alone.ts';

/** Brings the schema up to date. Returns the names of the migrations that were run. */
export async function migrateUp(knex: Knex): Promise<string[]> {
  const [, names] = await migrateAlone(
    knex,
    () => knex.migrate.latest({ migrationSource }) as Promise<[number, string[]]>,
  );
  return names;
}

/**
 * Brings a schema up to date unless it is. Then it is only read: Knex writes its lock to find that out, and
 * would wait for whoever has an SQLite file, or fail.
 *
 * @throws SetupError when the schema is of a newer release, or somebody keeps the database from being migrated
 */
export async function ensureSchema(knex: Knex): Promise<void> {
  if ((await schemaVersion(knex)) < SCHEMA_VERSION) {
    await migrateUp(knex).catch((cause: unknown) => {
      if ((cause as Error | null)?.name !== 'MigrationLocked') throw cause;
      throw new SetupError(
        'the schema of the database could not be brought up to date, for another process is writing; try again',
        { cause },
      );
    });
  }
  await checkSchema(knex);
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

/** The version that the migrations have brought the database to; 0 for none. */
async function schemaVersion(knex: Knex): Promise<number> {
  const exists = await knex.schema.hasTable('schema_version');
  const row = exists ? await knex('schema_version').max({ version: 'version' }).first() : undefined;
  return Number(row?.version ?? 0);
}
