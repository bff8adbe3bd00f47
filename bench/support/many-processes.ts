import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { decide, hashJson, type ProcessIdentity } from '../../domain/process/index.ts';
import {
  EVENT_COLUMNS,
  IDENTIFIER_COLUMNS,
  PROCESS_COLUMNS,
} from '../../infrastructure/sql/columns.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import { copyToArchive } from '../../infrastructure/sqlite/move-batch.ts';
import { openSqlite } from '../../infrastructure/sqlite/open.ts';
import { databaseFile } from '../../src/composition/database/database-target.ts';
import type { Run } from './benchmark.ts';

/** Processes that the service's own event store and projection write; more are copies of these. */
export const WRITTEN = 10_000;
const BATCH = 500;
const BEGIN = Date.parse('2026-01-01T00:00:00.000Z');
const INTERVAL_MS = 300;
/** The time from one copy to the next. */
const SPAN_DAYS = (WRITTEN * INTERVAL_MS) / 86_400_000;
const ARCHIVED_SHARE = 0.3;
const CACHE_KIB = 1 << 19;
/** Key of the process that all of them are of, but for every thousandth. */
export const USUAL = 'usual-process';
export const SELDOM = 'seldom-process';
/** Identifiers that half of them have. */
export const COUNTRIES = ['DE', 'FR'] as const;

const TABLES = [
  { name: 'event_log', columns: ['id', ...EVENT_COLUMNS] },
  { name: 'event_log_archive', columns: ['id', ...EVENT_COLUMNS, 'archived_at'] },
  { name: 'process_store', columns: PROCESS_COLUMNS },
  { name: 'process_store_archive', columns: [...PROCESS_COLUMNS, 'archived_at'] },
  { name: 'process_identifier', columns: IDENTIFIER_COLUMNS },
  { name: 'process_identifier_archive', columns: IDENTIFIER_COLUMNS },
] as const;
/** How a value of a copy comes from the value that was written; other columns stay as they are. */
const COPIED: Readonly<Record<string, (column: string) => string>> = {
  id: (column) => `${column} + @ids`,
  correlation_id: (column) => `@prefix || SUBSTR(${column}, 9)`,
  traceability_id: (column) => `@prefix || SUBSTR(${column}, 9)`,
  dedupe_key: (column) => `@prefix || ${column}`,
  // No hash rather than a wrong one.
  hash: () => 'NULL',
  ...Object.fromEntries(
    ['created_at', 'started_at', 'updated_at', 'completed_at'].map((name) => [
      name,
      (column: string) => `STRFTIME('%Y-%m-%dT%H:%M:%fZ', JULIANDAY(${column}) + @days)`,
    ]),
  ),
};

/** An SQLite database of so many ended processes. */
export interface ManyProcesses {
  /** Read-only if it has no more than 10,000: these are copied. */
  file: string;
  /** Ids of live and of archived processes, spread over all of them. */
  live(nth: number): Ids;
  archived(nth: number): Ids;
}

interface Ids {
  correlationId: string;
  traceabilityId: string;
}

/**
 * Makes a database of small processes of two events, their request and their end. The first 10,000 are written by the
 * event store and projected; the others are copies of these by `INSERT … SELECT`, with ids and times of their own and
 * without hashes, in the order of their ids and times. Three of ten processes are archived. The rollups are empty, at
 * the position of the last event.
 *
 * @param processes a multiple of 10,000, or less
 */
export async function manyProcesses(run: Run, processes: number): Promise<ManyProcesses> {
  const folder = join(run.keep ?? run.folder(), `many-${processes}`);
  const file = databaseFile({ DATA_DIR: join(folder, 'service') });
  if (!existsSync(folder)) {
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    const made = databaseFile({ DATA_DIR: join(unfinished, 'service') });
    mkdirSync(dirname(made), { recursive: true });
    const began = performance.now();
    if (processes > WRITTEN) {
      multiply((await manyProcesses(run, WRITTEN)).file, made, processes / WRITTEN);
    } else {
      await write(made, processes);
    }
    const seconds = (performance.now() - began) / 1_000;
    run.progress(`made ${processes.toLocaleString('en')} processes in ${seconds.toFixed(1)} s`);
    renameSync(unfinished, folder);
  }
  const written = Math.min(processes, WRITTEN);
  const archived = archivedOf(written);
  const copyOf = (nth: number): number => (nth * 13) % Math.ceil(processes / WRITTEN);
  return {
    file,
    live: (nth) => idsOf(archived + ((nth * 7) % (written - archived)), copyOf(nth)),
    archived: (nth) => idsOf((nth * 7) % archived, copyOf(nth)),
  };
}

/** Ids begin with the number of the copy, so that they rise with the times, as those of the service do. */
function prefixOf(copy: number): string {
  return (0x0100_0000 + copy).toString(16).padStart(8, '0');
}

function idsOf(nth: number, copy: number): Ids {
  const prefix = prefixOf(copy);
  const hex = hashJson([nth]).slice(0, 24);
  const middle = `${hex.slice(0, 4)}-7${hex.slice(4, 7)}-8${hex.slice(7, 10)}`;
  return {
    correlationId: `${prefix}-${middle}-${hex.slice(10, 22)}`,
    traceabilityId: `${prefix}${hex}`,
  };
}

/** How many of those that were written are archived: the first ones. */
function archivedOf(written: number): number {
  return Math.floor(written * ARCHIVED_SHARE);
}

async function write(file: string, processes: number): Promise<void> {
  let now = BEGIN;
  const options = { clock: () => now, leaseMs: 0, onAppended: () => {} };
  const { eventStore, processStore, outbox, ...database } = await openSqliteDatabase({
    ...options,
    file,
  });
  let ids: string[] = [];
  for (let nth = 0; nth < processes; nth++) {
    const { correlationId, traceabilityId } = idsOf(nth, 0);
    const processName = nth % 1_000 === 999 ? SELDOM : USUAL;
    const identifiers = { customer: String(nth), country: COUNTRIES[nth % 2] };
    const identity: ProcessIdentity = { traceabilityId, identifiers };
    const common = { processName, identity };
    now = BEGIN + nth * INTERVAL_MS;
    const requested = decide(
      { ...common, type: 'request-process', variables: {}, requestHash: hashJson([nth]) },
      null,
    );
    await eventStore.append(correlationId, requested);
    now += INTERVAL_MS / 2;
    const data = { result: { nth } };
    await eventStore.append(correlationId, [
      { ...common, audit: {}, type: 'process-completed', data },
    ]);
    ids.push(correlationId);
    if (ids.length === BATCH || nth === processes - 1) {
      await processStore.projectMany(ids);
      ids = [];
    }
  }
  await database.close();
  const db = openSqlite(file);
  const last = idsOf(archivedOf(processes) - 1, 0);
  const archived = `IN (SELECT correlation_id FROM process_store WHERE started_at <= (SELECT started_at FROM process_store WHERE correlation_id = '${last.correlationId}'))`;
  const archivedAt = new Date(BEGIN + WRITTEN * INTERVAL_MS).toISOString();
  db.transaction(() => {
    db.prepare(copyToArchive('event_log', TABLES[0].columns, archived)).run(archivedAt);
    db.exec(`DELETE FROM event_log WHERE correlation_id ${archived}`);
    db.prepare(copyToArchive('process_store', TABLES[2].columns, archived)).run(archivedAt);
    const identifiers = IDENTIFIER_COLUMNS.join(', ');
    db.exec(
      `INSERT INTO process_identifier_archive (${identifiers})
       SELECT ${identifiers} FROM process_identifier WHERE correlation_id ${archived}`,
    );
    db.exec(`DELETE FROM process_identifier WHERE correlation_id ${archived}`);
    db.exec(`DELETE FROM process_store WHERE correlation_id ${archived}`);
    finish(db);
  })();
  db.close();
}

function multiply(base: string, file: string, copies: number): void {
  copyFileSync(base, file);
  const db = openSqlite(file);
  // The write-ahead log can only be left for a journal.
  db.pragma('journal_mode = DELETE');
  db.pragma('journal_mode = OFF');
  db.pragma('synchronous = OFF');
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma(`cache_size = ${-CACHE_KIB}`);
  db.exec(`ATTACH '${base}' AS base`);
  const stride = db
    .prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'event_log'")
    .pluck()
    .get() as number;
  const inserts = TABLES.map(({ name, columns }) => {
    const values = columns.map((column) => COPIED[column]?.(column) ?? column);
    return db.prepare(
      `INSERT INTO main.${name} (${columns.join(', ')}) SELECT ${values.join(', ')} FROM base.${name} ORDER BY ${columns[0]}`,
    );
  });
  for (let copy = 1; copy < copies; copy++) {
    const values = { ids: copy * stride, prefix: prefixOf(copy), days: copy * SPAN_DAYS };
    db.transaction(() => {
      for (const insert of inserts) insert.run(used(insert, values));
    })();
  }
  db.prepare("UPDATE sqlite_sequence SET seq = ? WHERE name = 'event_log'").run(copies * stride);
  finish(db);
  db.exec('DETACH base');
  db.pragma('locking_mode = NORMAL');
  db.pragma('journal_mode = WAL');
  db.close();
}

/** The parameters that a statement has: the driver refuses others. */
function used({ source }: BetterSqlite3.Statement, values: Record<string, unknown>) {
  return Object.fromEntries(Object.entries(values).filter(([name]) => source.includes(`@${name}`)));
}

/** Nothing is to be published or rolled up. */
function finish(db: BetterSqlite3.Database): void {
  db.exec('DELETE FROM outbox');
  db.exec(
    "UPDATE rollup_state SET position = (SELECT seq FROM sqlite_sequence WHERE name = 'event_log')",
  );
}
