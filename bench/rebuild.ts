import { setTimeout as sleep } from 'node:timers/promises';
import { openSqliteDatabase } from '../infrastructure/sqlite/database.ts';
import { openSqlite } from '../infrastructure/sqlite/open.ts';
import { databaseFile } from '../src/composition/database/database-target.ts';
import { requested } from '../test/support/events.ts';
import { type Benchmark, inTurns, type Run, rowOf } from './support/benchmark.ts';
import { type GeneratedDatabase, generatedDatabase } from './support/generated.ts';
import type { Row } from './support/row.ts';
import { runCommand } from './support/run-command.ts';

const SIZES = [100_000, 1_000_000];
/** The statistics are a rebuild of their own. */
const COMMAND = ['rebuild', '--only', 'processes'];
/** Milliseconds between two live writes during the rebuild. */
const WRITE_INTERVAL_MS = 5;

/**
 * `fastify-camunda rebuild --only processes` on a copy of a generated database, a third of it archived, in a process of
 * its own, while another process appends and projects. The time of the same command on an empty database, which is its
 * loading time, is subtracted.
 *
 * Baseline: better-sqlite3 reads the same rows with all their columns in the same order.
 */
export const rebuild: Benchmark = async (run) => {
  const rows: Row[] = [];
  const notes: string[] = [];
  for (const size of SIZES.slice(0, run.seconds(1) < 1 ? 1 : undefined)) {
    const name = `rebuild, ${size.toLocaleString('en')} events`;
    const database = await generatedDatabase(run, size, { archived: 0.3 });
    const outputs: string[] = [];
    const writes: number[] = [];
    const peaks: number[] = [];
    const rounds = await inTurns(run, name, [['perSecond', '/s']], {
      baseline: async () => readRaw(database.file),
      ours: async () => {
        const measured = await rebuildCopy(run, database);
        outputs.push(measured.output);
        writes.push(measured.longestWriteMs);
        peaks.push(measured.peakMegabytes * 1e6);
        return { perSecond: size / (measured.seconds - (await loadingSeconds(run))) };
      },
    });
    rows.push(
      rowOf(rounds, 'perSecond', {
        name,
        unit: '/s',
        baseline: 'better-sqlite3 reads the same rows',
        goal: { of: 'ratio', limit: 'at least', value: 0.5 },
      }),
      ...[
        { name: `${name}: memory`, unit: 'bytes' as const, ours: peaks },
        { name: `${name}: longest write beside it`, unit: 'ms' as const, ours: writes },
      ].map((row) => ({ ...row, baseline: null, goal: null })),
    );
    notes.push(`${name}: ${outputs.at(-1)}`);
  }
  return { rows, notes };
};

function readRaw(file: string): { perSecond: number } {
  const db = openSqlite(file);
  const began = performance.now();
  let events = 0;
  for (const table of ['event_log', 'event_log_archive']) {
    const rows = db.prepare(`SELECT * FROM ${table} ORDER BY correlation_id, version`).iterate();
    while (!rows.next().done) events++;
  }
  const seconds = (performance.now() - began) / 1_000;
  db.close();
  return { perSecond: events / seconds };
}

async function loadingSeconds(run: Run): Promise<number> {
  const dataDir = run.folder();
  const file = databaseFile({ DATA_DIR: dataDir });
  const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
  await (await openSqliteDatabase({ ...options, file })).close();
  const { seconds } = await runCommand(run, COMMAND, { DATA_DIR: dataDir, LOG_LEVEL: 'error' });
  return seconds;
}

async function rebuildCopy(run: Run, database: GeneratedDatabase) {
  const { dataDir, file, remove } = database.copy();
  const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
  const live = await openSqliteDatabase({ ...options, file });
  let ended = false;
  let longestWriteMs = 0;
  const writing = (async () => {
    for (let at = 0; !ended; at++) {
      const began = performance.now();
      await live.eventStore.append(`beside-${at}`, [requested()]);
      await live.processStore.project(`beside-${at}`);
      longestWriteMs = Math.max(longestWriteMs, performance.now() - began);
      await sleep(WRITE_INTERVAL_MS);
    }
  })();
  const command = await runCommand(run, COMMAND, {
    DATA_DIR: dataDir,
    LOG_LEVEL: 'error',
  });
  ended = true;
  await writing;
  await live.close();
  remove();
  return { ...command, output: command.output.trim(), longestWriteMs };
}
