import { join } from 'node:path';
import type { Knex } from 'knex';
import { SetupError } from '../../../domain/common/index.ts';
import type { Database, DatabaseOptions } from '../../../infrastructure/sql/database.ts';
import { openSqliteDatabase, sqliteKnexConfig } from '../../../infrastructure/sqlite/database.ts';
import {
  mssqlKnexConfig,
  type PoolLimits,
  reachMssql,
} from '../../../infrastructure/sqlserver/connection.ts';
import { openMssqlDatabase } from '../../../infrastructure/sqlserver/database.ts';
import { migrationSource } from '../../../migrations/index.ts';
import type { Config } from '../../config.ts';
import { explainFileTrouble } from '../lifecycle/explain-failure.ts';
import { makeDataDir } from './data-lock.ts';

/** File of the embedded database. */
export function databaseFile(config: Pick<Config, 'DATA_DIR'>): string {
  return join(config.DATA_DIR, 'fastify-camunda.db');
}

/**
 * Opens the configured database.
 *
 * @throws SetupError with one line when the file is no database, damaged, locked, or cannot be read or written
 */
export async function openDatabase(config: Config, options: DatabaseOptions): Promise<Database> {
  const url = config.DATABASE_URL;
  if (url !== '') return openMssqlDatabase({ ...options, url, limits: poolLimits(config) });
  try {
    return await openSqliteDatabase({ ...options, file: databaseFile(config) });
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

/** Knex's settings for the configured database, migrations included. */
export function knexConfig(config: Config): Knex.Config {
  const url = config.DATABASE_URL;
  const connection =
    url === '' ? sqliteKnexConfig(databaseFile(config)) : mssqlKnexConfig(url, poolLimits(config));
  return { ...connection, migrations: { migrationSource } };
}

/** Like `knexConfig`, with the folder of an embedded database made. */
export function prepareDatabase(config: Config): Knex.Config {
  if (config.DATABASE_URL === '') makeDataDir(config.DATA_DIR);
  return knexConfig(config);
}

/**
 * Makes sure that the configured database lets us in; one in a file always does.
 *
 * @throws SetupError naming the variable and what was tried
 */
export async function reachDatabase(config: Config): Promise<void> {
  if (config.DATABASE_URL !== '') await reachMssql(config.DATABASE_URL, poolLimits(config));
}
