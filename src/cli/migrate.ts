import type { Command } from 'commander';
import knex, { type Knex } from 'knex';
import { SetupError } from '../../domain/common/index.ts';
import { migrateDown, migrateUp } from '../../migrations/migrate.ts';
import {
  lockMigrations,
  prepareDatabase,
  reachDatabase,
} from '../composition/database/database-target.ts';
import { type Config, readConfig } from '../config.ts';

interface MigrateOptions {
  down?: boolean;
  createDatabase?: boolean;
  unlock?: boolean;
}

/** `migrate`: brings the schema of the configured database up to date, or one step back. */
export function configure(command: Command): void {
  command
    .option('--down', 'take back the migrations of the last run, and the data in their tables')
    .option('--create-database', 'first create the database on SQL Server if it is not there')
    .option('--unlock', 'first give up the lock of a migration that was killed')
    .action(async (options: MigrateOptions) => {
      const config = readConfig(process.env);
      if (options.createDatabase) await create(config, options);
      await reachDatabase(config);
      const connection = knex(await prepareDatabase(config));
      try {
        if (options.unlock) await connection.migrate.forceFreeMigrationsLock();
        await lockMigrations(config, () => migrate(connection, options));
      } catch (cause) {
        if ((cause as Error | null)?.name !== 'MigrationLocked') throw failed(cause);
        throw new SetupError(
          'another migration is running on this database; when it is known to be dead, run `fastify-camunda migrate --unlock`',
          { cause },
        );
      } finally {
        await connection.destroy();
      }
    });
}

async function migrate(connection: Knex, { down }: MigrateOptions): Promise<void> {
  const names = down ? await migrateDown(connection) : await migrateUp(connection);
  for (const name of names) process.stdout.write(`${down ? 'took back' : 'ran'} ${name}\n`);
  if (names.length === 0) process.stdout.write('nothing to do\n');
}

/** A statement that the database refuses, over one line: a missing permission, for one. */
function failed(cause: unknown): SetupError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new SetupError(`the migration failed: ${text.replace(/\s+/g, ' ').trim()}`, { cause });
}

async function create(config: Config, options: MigrateOptions): Promise<void> {
  if (options.down) throw new SetupError('--create-database and --down exclude each other');
  if (config.DATABASE_URL === '') {
    throw new SetupError(
      '--create-database is for SQL Server: set DATABASE_URL; the file of SQLite is made by itself',
    );
  }
  const { createDatabase } = await import('../../infrastructure/sqlserver/create-database.ts');
  const creation = await createDatabase(config.DATABASE_URL);
  if (!creation.created) return;
  const { snapshotError } = creation;
  const but = snapshotError
    ? `, but READ_COMMITTED_SNAPSHOT could not be turned on: ${snapshotError}`
    : '';
  process.stdout.write(`created the database${but}\n`);
}
