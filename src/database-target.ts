import { join } from 'node:path';
import type { Knex } from 'knex';
import { sqliteKnexConfig } from '../infrastructure/sql/sqlite/database.ts';
import { migrationSource } from '../migrations/index.ts';
import type { Config } from './config.ts';

/** File of the embedded database. */
export function databaseFile(config: Pick<Config, 'DATA_DIR'>): string {
  return join(config.DATA_DIR, 'fastify-camunda.db');
}

/** Knex's settings for the configured database, migrations included. */
export function knexConfig(config: Pick<Config, 'DATA_DIR' | 'DATABASE_URL'>): Knex.Config {
  return { ...sqliteKnexConfig(databaseFile(config)), migrations: { migrationSource } };
}
