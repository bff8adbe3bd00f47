import { addPage } from '../../domain/rollups/index.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import { openSqlite } from '../../infrastructure/sqlite/open.ts';
import type { Run } from './benchmark.ts';
import { generatedDatabase } from './generated.ts';

/** Events in one transaction, as in the job. */
const BATCH = 2_000;
/** The columns that the rollups read. */
const COLUMNS =
  'id, correlation_id, version, event_type, process_name, step_name, target_system, error_message, execution_time, created_at';

export interface RolledUpDatabase {
  file: string;
  /**
   * Events per second, read by the driver alone and added to the rollups. Null when a kept database has its rollups
   * already.
   */
  rates: { read: number; rollUp: number } | null;
}

const databases = new Map<number, Promise<RolledUpDatabase>>();

/** The generated database of so many events, a third of it archived, with its rollups; computed once in a run. */
export function rolledUpDatabase(run: Run, events: number): Promise<RolledUpDatabase> {
  const known = databases.get(events);
  if (known) return known;
  const database = rollUp(run, events);
  databases.set(events, database);
  return database;
}

async function rollUp(run: Run, events: number): Promise<RolledUpDatabase> {
  // The rollups may be in the shared file: other measurements copy it or only read it.
  const { file } = await generatedDatabase(run, events, { archived: 0.3, payload: 0.05 });
  const read = readRaw(file);
  const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
  const database = await openSqliteDatabase({ ...options, file });
  const { rollups: store, rollupSource: source } = database;
  const began = performance.now();
  let taken = 0;
  for (let state = await store.state(); ; ) {
    const added = await addPage({ source, store }, state, BATCH, new AbortController().signal);
    if (added === 'elsewhere') throw new Error('another process computes these rollups');
    state = added.state;
    taken += added.events;
    if (added.atEnd) break;
  }
  const seconds = (performance.now() - began) / 1_000;
  await database.close();
  if (taken === 0) return { file, rates: null };
  run.progress(
    `rolled ${taken.toLocaleString('en')} events up in ${seconds.toFixed(1)} s, ${(taken / seconds).toFixed(0)}/s; read raw ${read.toFixed(0)}/s`,
  );
  return { file, rates: { read, rollUp: taken / seconds } };
}

function readRaw(file: string): number {
  const db = openSqlite(file);
  const began = performance.now();
  let events = 0;
  for (const table of ['event_log', 'event_log_archive']) {
    const rows = db.prepare(`SELECT ${COLUMNS} FROM ${table} ORDER BY id`).iterate();
    while (!rows.next().done) events++;
  }
  const seconds = (performance.now() - began) / 1_000;
  db.close();
  return events / seconds;
}
