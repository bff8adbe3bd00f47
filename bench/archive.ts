import { EVENT_COLUMNS, PROCESS_COLUMNS } from '../infrastructure/sql/columns.ts';
import { openSqliteDatabase } from '../infrastructure/sqlite/database.ts';
import { copyToArchive } from '../infrastructure/sqlite/move-batch.ts';
import { openSqlite } from '../infrastructure/sqlite/open.ts';
import type { ArchiverChild } from './children/archiver.ts';
import { type Benchmark, inTurns, type Run, rowOf } from './support/benchmark.ts';
import { startChild } from './support/child.ts';
import { type GeneratedDatabase, generatedDatabase } from './support/generated.ts';
import { APPENDS_PER_SECOND, appendPaced } from './support/paced-appends.ts';
import type { Row } from './support/row.ts';
import { runCommand } from './support/run-command.ts';

const SMALL = 100_000;
const LARGE = 1_000_000;
const MAX_ROUNDS = 3;
const BASELINE = 'better-sqlite3, one INSERT … SELECT and DELETE';
const MAX_WAIT = { of: 'ours', limit: 'at most', value: 250 } as const;

/**
 * Archives all ended processes of a generated SQLite database with 100,000 events and, unless the run is quick, with
 * 1,000,000 in one round.
 *
 * Baseline: the driver alone moves the same rows in one transaction, with one statement that copies and one that deletes
 * for each table. Ours: the job, in batches of about 50 ms, in a process of its own and without other writers. Then the
 * same beside 50 live appends a second, from its own process and from another one: the longest time from the call of an
 * append to its commit. The last row is the peak memory of the command.
 */
export const archive: Benchmark = async (run) => {
  const small = await measure({ ...run, rounds: Math.min(run.rounds, MAX_ROUNDS) }, SMALL);
  if (run.seconds(1) < 1) return { rows: small.rows };
  const large = await measure({ ...run, rounds: 1 }, LARGE);
  const memory: Row = {
    name: `archive, peak memory, ${LARGE.toLocaleString('en')} events`,
    unit: 'MB',
    baseline: { what: `${SMALL.toLocaleString('en')} events`, figures: small.memory.slice(0, 1) },
    ours: large.memory,
    goal: { of: 'ratio', limit: 'at most', value: 1.25 },
  };
  return { rows: [...small.rows, ...large.rows, memory] };
};

async function measure(run: Run, events: number): Promise<{ rows: Row[]; memory: number[] }> {
  const database = await generatedDatabase(run, events);
  const name = `archive, ${events.toLocaleString('en')} events`;
  const memory: number[] = [];
  const beside: { within: number; without: number; perSecond: number }[] = [];
  const rounds = await inTurns(run, name, [['perSecond', '/s']], {
    baseline: async () => measureRaw(database),
    ours: () => measureJob(database, 'none'),
  });
  for (let round = 1; round <= run.rounds; round++) {
    const within = await measureJob(database, 'same process');
    const without = await measureJob(database, 'other process');
    const { longestAppend, perSecond } = within;
    beside.push({ within: longestAppend, without: without.longestAppend, perSecond });
    run.progress(
      `${name}, ${APPENDS_PER_SECOND} appends/s: ${perSecond.toFixed(0)}/s, longest append ${longestAppend.toFixed(0)} ms, from another process ${without.longestAppend.toFixed(0)} ms`,
    );
  }
  const copy = database.copy();
  const command = await runCommand(run, ['archive', '--older-than', '0m'], {
    DATA_DIR: copy.dataDir,
  });
  copy.remove();
  memory.push(command.peakMegabytes);
  const goal = { of: 'ratio', limit: 'at least', value: 0.8 } as const;
  const longest = { unit: 'ms', baseline: null, goal: MAX_WAIT } as const;
  return {
    memory,
    rows: [
      rowOf(rounds, 'perSecond', { name, unit: '/s', baseline: BASELINE, goal }),
      {
        name: `${name}, beside ${APPENDS_PER_SECOND} appends/s`,
        unit: '/s',
        baseline: null,
        ours: beside.map((one) => one.perSecond),
        goal: null,
      },
      {
        ...longest,
        name: `${name}, longest append`,
        ours: beside.map((one) => one.within),
      },
      {
        ...longest,
        name: `${name}, longest append of another process`,
        ours: beside.map((one) => one.without),
      },
    ],
  };
}

function measureRaw(database: GeneratedDatabase): { perSecond: number } {
  const { file, remove } = database.copy();
  const db = openSqlite(file);
  const ended = `SELECT correlation_id FROM process_store WHERE status <> 'pending'`;
  const statements = [
    copyToArchive('event_log', ['id', ...EVENT_COLUMNS], `IN (${ended})`),
    copyToArchive('process_store', PROCESS_COLUMNS, `IN (${ended})`),
  ].map((text) => db.prepare<[string]>(text));
  const deleteEvents = db.prepare(`DELETE FROM event_log WHERE correlation_id IN (${ended})`);
  const deleteProcesses = db.prepare(`DELETE FROM process_store WHERE status <> 'pending'`);
  const began = performance.now();
  const events = db.transaction(() => {
    for (const statement of statements) statement.run(new Date().toISOString());
    const { changes } = deleteEvents.run();
    deleteProcesses.run();
    return changes;
  })();
  const perSecond = (events / (performance.now() - began)) * 1_000;
  db.close();
  remove();
  return { perSecond };
}

async function measureJob(
  database: GeneratedDatabase,
  appends: 'none' | 'same process' | 'other process',
): Promise<{ perSecond: number; longestAppend: number }> {
  const { file, remove } = database.copy();
  const child = startChild<ArchiverChild>('children/archiver.ts');
  const measured = child.call('archive', { file, appends: appends === 'same process' });
  let longest: number | undefined;
  if (appends === 'other process') {
    const options = { file, clock: Date.now, leaseMs: 0, onAppended: () => {} };
    const live = await openSqliteDatabase(options);
    const stopAppends = appendPaced(live.eventStore);
    await measured;
    longest = await stopAppends();
    await live.close();
  }
  const { perSecond, longestAppend } = await measured;
  await child.stop();
  remove();
  return { perSecond, longestAppend: longest ?? longestAppend };
}
