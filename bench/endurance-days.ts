import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import BetterSqlite3 from 'better-sqlite3';
import { request } from 'undici';
import { databaseFile } from '../src/composition/database/database-target.ts';
import type { MixedLoad } from './children/mixed-load.ts';
import type { Benchmark } from './support/benchmark.ts';
import { openCaller } from './support/caller.ts';
import { runCallers } from './support/callers.ts';
import { startChild } from './support/child.ts';
import {
  heapRow,
  type Sample,
  samplesTable,
  startHeldService,
  take,
} from './support/memory-over-time.ts';
import type { Row } from './support/row.ts';
import { runCommand } from './support/run-command.ts';

const DAYS = 3;
const HOURS = 24;
/** Minutes that a day takes. */
const DAY_MINUTES = 2;
const CALLERS = 64;
const PEAK_SECONDS = 6;
/** The longest that is waited for the rollups at the end. */
const ROLLUP_TIMEOUT_MS = 60_000;
const FAST_CLOCK = fileURLToPath(new URL('children/fast-clock.mjs', import.meta.url));

/**
 * Three days at half load, in minutes (`--minutes`): in the process of the service time passes faster for all that asks for
 * the date, and for timers of fifteen seconds and more (`children/fast-clock.mjs`). So what is scheduled comes to pass as it
 * would: hourly archive and purge, the reconciler, retention, rollups with their hours and days, leases, limits and caches
 * with their minutes. The load is half of the rate that 64 callers reach, by the real clock: a faster clock makes no
 * faster processor, so a day has as many processes as its minutes allow, and the jobs come more densely than they would.
 *
 * The load is mixed: callers who wait, who do not, who hang up, who send twice, who follow, read and get it wrong, from many
 * addresses, with an API key; processes that fail, and that are cancelled. Settings are those of a service that archives
 * after one day and purges after two, and keeps failed processes for a day: in the third day everything that comes also
 * goes, in the tables, too. The heap is measured in that day, after every hour, under the load.
 */
export const enduranceDays: Benchmark = async (run) => {
  const daySeconds = run.minutes ? run.minutes * 60 : run.seconds(DAY_MINUTES * 60);
  const factor = 86_400 / daySeconds;
  const folder = run.folder();
  const DATA_DIR = join(folder, 'service');
  const scopes = 'process:start,process:read,events:read,admin';
  const made = await runCommand(run, ['api-key', 'create', '--name', 'bench', '--scope', scopes], {
    DATA_DIR,
  });
  const key = made.output.trim();
  const { url, service } = await startHeldService(run, {
    folder,
    execArgv: ['--import', FAST_CLOCK],
    childEnv: { BENCH_CLOCK_FACTOR: String(factor) },
    env: {
      ...{ AUTH: 'on', TRUST_PROXY: 'loopback', RATE_LIMIT_PER_MINUTE: '100000000' },
      ...{ ARCHIVE_AFTER_DAYS: '1', ARCHIVE_PURGE_AFTER_DAYS: '2', RETRY_KEEP_DAYS: '1' },
      // The failures are wanted.
      LOG_LEVEL: 'error',
      ARCHIVE_CRON: '30 * * * *',
      // In real time about what they are by default: they wait for the processor, not for the clock.
      OUTBOX_LEASE_MS: String(Math.round(30_000 * factor)),
      RECONCILE_AFTER_MS: String(Math.round(10_000 * factor)),
      WAIT_TIMEOUT_MS: '600000',
    },
  });
  const caller = openCaller(url, CALLERS, key);
  await runCallers(CALLERS, run.seconds(PEAK_SECONDS), caller.startUntilEnded);
  const peak = await runCallers(CALLERS, run.seconds(PEAK_SECONDS), caller.startUntilEnded);
  await caller.close();
  run.progress(`peak rate ${Math.round(peak.perSecond)}/s`);

  const load = startChild<MixedLoad>('children/mixed-load.ts');
  await load.call('start', { url, key, perSecond: peak.perSecond / 2 });
  const samples: Sample[] = [];
  const began = performance.now();
  const before = await jobsDone(url, key);
  for (let hour = 1; hour <= DAYS * HOURS; hour++) {
    const due = began + (hour * daySeconds * 1_000) / HOURS;
    await sleep(Math.max(0, due - performance.now()));
    await take(
      run,
      service,
      `day ${Math.ceil(hour / HOURS)}, ${((hour - 1) % HOURS) + 1} h`,
      samples,
    );
  }
  const answers = await load.call('stop', {});
  await rolledUp(url, key);
  const done = await jobsDone(url, key);
  const found = readTables(databaseFile({ DATA_DIR }));
  await Promise.all([load.stop(), service.stop()]);

  const name = `24 hours in ${(daySeconds / 60).toFixed(1)} minutes, half load`;
  const jobs = (what: keyof Jobs, least: number, label: string): Row => ({
    ...{ name: `${DAYS} days: ${label}`, unit: 'count', baseline: null },
    ours: [done[what] - before[what]],
    goal: { of: 'ours', limit: 'at least', value: least },
  });
  return {
    rows: [
      heapRow(name, samples.slice(-HOURS)),
      // A run that takes longer than its hour keeps the next one from beginning.
      jobs('archiveRuns', Math.round(DAYS * HOURS * 0.9), 'archive runs'),
      jobs('archived', 1, 'processes archived'),
      jobs('purged', 1, 'processes purged'),
      {
        ...{ name: `${DAYS} days: hours in the rollups`, unit: 'count', baseline: null },
        ours: [found.rollupHours],
        goal: { of: 'ours', limit: 'at least', value: DAYS * HOURS },
      },
      {
        ...{ name: `${DAYS} days: oldest instance of a failed process, hours`, unit: 'count' },
        ...{ baseline: null, ours: [found.oldestFailedHours] },
        goal: { of: 'ours', limit: 'at most', value: HOURS + 1 },
      },
    ],
    notes: [
      samplesTable(name, samples),
      `Answers of the ${DAYS} days: ${Object.entries(answers)
        .map(([answer, count]) => `${answer} ${count.toLocaleString('en')} times`)
        .join(', ')}.`,
    ],
  };
};

/** The rollups follow when they can: with a faster clock, each of their buckets has fewer events. */
async function rolledUp(url: string, key: string): Promise<void> {
  const until = performance.now() + ROLLUP_TIMEOUT_MS;
  const lag = async () => (await metricsOf(url, key))('fastify_camunda_rollup_lag_events');
  while (performance.now() < until && (await lag()) > 0) await sleep(1_000);
}

interface Jobs {
  archiveRuns: number;
  archived: number;
  purged: number;
}

async function jobsDone(url: string, key: string): Promise<Jobs> {
  const metric = await metricsOf(url, key);
  return {
    archiveRuns: metric('fastify_camunda_archive_run_duration_seconds_count{outcome="ok"}'),
    archived: metric('fastify_camunda_archived_total{what="processes"}'),
    purged: metric('fastify_camunda_purged_total{what="processes"}'),
  };
}

async function metricsOf(url: string, key: string): Promise<(name: string) => number> {
  const headers = { authorization: `Bearer ${key}` };
  const text = await (await request(`${url}/metrics`, { headers })).body.text();
  const lines = text.split('\n');
  return (name) => Number(lines.find((one) => one.startsWith(`${name} `))?.slice(name.length) ?? 0);
}

function readTables(file: string): { rollupHours: number; oldestFailedHours: number } {
  const db = new BetterSqlite3(file, { readonly: true });
  const number = (sql: string): number => db.prepare<[], number>(sql).pluck().get() ?? 0;
  const rollupHours = number(
    'SELECT COUNT(DISTINCT bucket_start) FROM process_rollup WHERE grain = 60',
  );
  const [newest, oldest] = ['MAX', 'MIN'].map((which) =>
    number(`SELECT ${which}(started_at) FROM engine_process_instance
      WHERE process_key = 'failing' AND state = 'ACTIVE'`),
  );
  db.close();
  return { rollupHours, oldestFailedHours: ((newest ?? 0) - (oldest ?? 0)) / 3_600_000 };
}
