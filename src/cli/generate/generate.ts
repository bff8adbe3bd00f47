import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import knex, { type Knex } from 'knex';
import type { Database } from '../../../infrastructure/sql/database.ts';
import { sqliteKnexConfig } from '../../../infrastructure/sqlite/database.ts';
import { withMigrationLock } from '../../../infrastructure/sqlite/migrate.ts';
import { migrateUp } from '../../../migrations/migrate.ts';
import { buildBatches } from './builder.ts';
import type { Sink } from './sink.ts';
import { openSqliteSink } from './sqlite-sink.ts';
import { readVolumes, type Volumes } from './volumes.ts';

export type GenerateOptions = Pick<Volumes, 'events' | 'until'> &
  Partial<Volumes> & {
    /** Told after each batch how many events are written in all. */
    onProgress?: (events: number) => void;
    /** Ends the run after the batch that it is at. */
    signal?: AbortSignal;
  };

export interface Generated {
  events: number;
  processes: number;
}

/** Events of the process that reaches the number, at most, beyond it. */
const BEYOND = 10;

/**
 * Fills an SQLite database with processes as the service would have written them; it is made when it is
 * not there. Fastest on one that is empty and not in use.
 *
 * @throws SetupError for volumes that make no sense, and for data that is there already
 */
export async function generateSqlite(file: string, options: GenerateOptions): Promise<Generated> {
  const volumes = readVolumes(options);
  mkdirSync(dirname(file), { recursive: true });
  const connection = knex(sqliteKnexConfig(file));
  try {
    await withMigrationLock(file, () => migrateUp(connection));
  } finally {
    await connection.destroy();
  }
  return fill(openSqliteSink(file, volumes.seed), volumes, options);
}

/**
 * Fills an open database of either kind, beside those who use it.
 *
 * @throws SetupError for volumes that make no sense, and for data that is there already
 */
export async function generateProcesses(
  { kind, knex: connection }: Pick<Database, 'kind' | 'knex'>,
  options: GenerateOptions,
): Promise<Generated> {
  const volumes = readVolumes(options);
  if (kind === 'sqlite') {
    return fill(openSqliteSink(sqliteFileOf(connection), volumes.seed), volumes, options);
  }
  const { mssqlTargetOf, openMssqlSink } = await import('./mssql-sink.ts');
  return fill(await openMssqlSink(mssqlTargetOf(connection), volumes.seed), volumes, options);
}

function sqliteFileOf({ client }: Knex): string {
  const { connection } = client.config as Knex.Config;
  return (connection as Knex.BetterSqlite3ConnectionConfig).filename;
}

async function fill(
  sink: Sink,
  volumes: Volumes,
  { onProgress, signal }: Pick<GenerateOptions, 'onProgress' | 'signal'>,
): Promise<Generated> {
  const generated: Generated = { events: 0, processes: 0 };
  try {
    const firstId = await sink.reserveIds(volumes.events + BEYOND);
    for await (const batch of buildBatches(volumes, firstId)) {
      if (signal?.aborted) break;
      await sink.write(batch);
      const { events, processes } = batch;
      generated.events += events.length;
      generated.processes += processes.length;
      onProgress?.(generated.events);
    }
  } finally {
    await sink.close();
  }
  return generated;
}
