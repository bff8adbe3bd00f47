import { join } from 'node:path';
import type { Knex } from 'knex';
import { SetupError } from '../../../domain/common/index.ts';
import { readMasterKeys } from '../../../domain/personal-data/index.ts';
import type { Database, DatabaseOptions } from '../../../infrastructure/sql/database.ts';
import type { SqliteWriter } from '../../../infrastructure/sqlite/database.ts';
import type { PoolLimits } from '../../../infrastructure/sqlserver/connection.ts';
import { migrationSource } from '../../../migrations/index.ts';
import type { Config } from '../../config.ts';
import { explainFileTrouble } from '../lifecycle/explain-failure.ts';
import { makeDataDir } from './data-lock.ts';

/** The SQLite file. */
export function databaseFile(config: Pick<Config, 'DATA_DIR'>): string {
  return join(config.DATA_DIR, 'fastify-camunda.db');
}

/** `writer`: that of the SQLite file, which the embedded engine shares. */
export type OpenDatabase = Database & { writer?: SqliteWriter };

/**
 * Opens the configured database; the driver of the other one is not even loaded.
 *
 * @throws SetupError with one line when the file is not a database, damaged, locked, or cannot be read or written
 */
export async function openDatabase(
  config: Config,
  options: DatabaseOptions,
): Promise<OpenDatabase> {
  const url = config.DATABASE_URL;
  const masterKeys = readMasterKeys(config.PERSONAL_DATA_KEY);
  if (url !== '') {
    const { openMssqlDatabase } = await import('../../../infrastructure/sqlserver/database.ts');
    return openMssqlDatabase({ ...options, masterKeys, url, limits: poolLimits(config) });
  }
  const { openSqliteDatabase } = await import('../../../infrastructure/sqlite/database.ts');
  try {
    return await openSqliteDatabase({ ...options, masterKeys, file: databaseFile(config) });
  } catch (cause) {
    const reason = explainFileTrouble(cause);
    throw reason === null ? cause : new SetupError(reason, { cause });
  }
}

function poolLimits(config: Config): PoolLimits {
  return {
    max: config.DATABASE_POOL_MAX,
    min: config.DATABASE_POOL_MIN,
    connectTimeoutMs: config.DATABASE_CONNECT_TIMEOUT_MS,
    requestTimeoutMs: config.DATABASE_REQUEST_TIMEOUT_MS,
    acquireTimeoutMs: config.DATABASE_ACQUIRE_TIMEOUT_MS,
  };
}

/** Knex's settings for the configured database, migrations included. Makes the folder of an embedded one. */
export async function prepareDatabase(config: Config): Promise<Knex.Config> {
  if (config.DATABASE_URL === '') makeDataDir(config.DATA_DIR);
  return { ...(await connectionConfig(config)), migrations: { migrationSource } };
}

/** Does `work` while no other process migrates the same file; SQL Server needs no lock besides Knex's own. */
export async function lockMigrations(config: Config, work: () => Promise<void>): Promise<void> {
  if (config.DATABASE_URL !== '') return work();
  const { withMigrationLock } = await import('../../../infrastructure/sqlite/migrate.ts');
  return withMigrationLock(databaseFile(config), work);
}

async function connectionConfig(config: Config): Promise<Knex.Config> {
  const url = config.DATABASE_URL;
  if (url !== '') {
    const { mssqlKnexConfig } = await import('../../../infrastructure/sqlserver/connection.ts');
    return mssqlKnexConfig(url, poolLimits(config));
  }
  const { sqliteKnexConfig } = await import('../../../infrastructure/sqlite/database.ts');
  return sqliteKnexConfig(databaseFile(config));
}

/**
 * Checks that SQL Server, when it is configured, can be reached.
 *
 * @throws SetupError that names the variable and what was tried
 */
export async function reachDatabase(config: Config): Promise<void> {
  if (config.DATABASE_URL === '') return;
  const { reachMssql } = await import('../../../infrastructure/sqlserver/connection.ts');
  await reachMssql(config.DATABASE_URL, poolLimits(config));
}
