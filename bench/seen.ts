import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import BetterSqlite3 from 'better-sqlite3';
import { request } from 'undici';
import { databaseFile } from '../src/composition/database/database-target.ts';
import type { WholeService } from './children/whole-service.ts';
import type { Benchmark, Run } from './support/benchmark.ts';
import { openCaller } from './support/caller.ts';
import { runCallers } from './support/callers.ts';
import { startChild } from './support/child.ts';
import { pacedStarts } from './support/paced-starts.ts';
import type { Row } from './support/row.ts';
import { percentile } from './support/statistics.ts';

const CALLERS = 64;
const PEAK_SECONDS = 4;
const SECONDS = 12;
const POLL_INTERVAL_MS = 5;
/** The default of ROLLUP_EVERY_MS. */
const ROLLUP_EVERY_MS = 5_000;

/** Milliseconds from the time of an event to the moment at which somebody saw its effect, in each place. */
interface Lags {
  list: number[];
  feed: number[];
  table: number[];
  rollups: number[];
}

/**
 * How soon a change is seen by others than the caller who waits for it: in the list of processes, in the live feed, in
 * the table `process_store` and in the rollups, each from the time that the event carries. Four-step processes on the
 * embedded default, started at half of the rate at which 64 callers can end them; everything is polled from another
 * process every 5 ms, so that much is the measurement's own.
 */
export const seen: Benchmark = async (run) => {
  const places = ['list', 'feed', 'table', 'rollups'] as const;
  const figures = places.map(() => ({ p50: [] as number[], p99: [] as number[] }));
  for (let round = 1; round <= run.rounds; round++) {
    const lags = await measure(run);
    for (const [at, place] of places.entries()) {
      figures[at]?.p50.push(percentile(lags[place], 0.5));
      figures[at]?.p99.push(percentile(lags[place], 0.99));
    }
    const text = places.map((place) => `${place} ${Math.round(percentile(lags[place], 0.99))} ms`);
    run.progress(`seen, round ${round} of ${run.rounds}, p99: ${text.join(', ')}`);
  }
  const names = ['the list', 'the live feed', 'process_store', 'the rollups'];
  return {
    rows: figures.flatMap(({ p50, p99 }, at): Row[] => {
      const name = `commit to seen in ${names[at]}, half load`;
      const most = places[at] === 'rollups' ? ROLLUP_EVERY_MS + 1_000 : 100;
      return [
        { name: `${name}: p50`, unit: 'ms', baseline: null, ours: p50, goal: null },
        {
          ...{ name: `${name}: p99`, unit: 'ms', baseline: null, ours: p99 },
          goal: { of: 'ours', limit: 'at most', value: most },
        },
      ];
    }),
  };
};

async function measure(run: Run): Promise<Lags> {
  const folder = run.folder();
  const service = startChild<WholeService>('children/whole-service.ts');
  const url = await service.call('start', { folder });
  const caller = openCaller(url, CALLERS);
  await runCallers(CALLERS, run.seconds(PEAK_SECONDS), caller.startAndWait);
  const peak = await runCallers(CALLERS, run.seconds(PEAK_SECONDS), caller.startAndWait);
  const db = new BetterSqlite3(databaseFile({ DATA_DIR: join(folder, 'service') }), {
    readonly: true,
  });
  const lags: Lags = { list: [], feed: [], table: [], rollups: [] };
  const over = new AbortController();
  const watched = [
    watchList(url, lags.list, over.signal),
    watchFeed(url, lags.feed, over.signal),
    watchTable(db, lags.table, over.signal),
    watchRollups(db, lags.rollups, over.signal),
  ];
  await pacedStarts(caller, peak.perSecond / 2, run.seconds(SECONDS));
  over.abort();
  await Promise.all(watched);
  db.close();
  await caller.close();
  await service.stop();
  return lags;
}

async function watchList(url: string, lags: number[], over: AbortSignal): Promise<void> {
  let newest = new Date().toISOString();
  while (!over.aborted) {
    const { body } = await request(`${url}/api/process?limit=100`);
    const now = Date.now();
    const { processes } = (await body.json()) as { processes: { updatedAt: string }[] };
    const changed = processes.map(({ updatedAt }) => updatedAt).filter((at) => at > newest);
    lags.push(...changed.map((at) => now - Date.parse(at)));
    newest = [newest, ...changed].sort().at(-1) ?? newest;
    await sleep(POLL_INTERVAL_MS);
  }
}

async function watchFeed(url: string, lags: number[], over: AbortSignal): Promise<void> {
  const { body } = await request(`${url}/api/events?cursor=latest`, {
    headers: { accept: 'text/event-stream' },
  });
  over.addEventListener('abort', () => body.destroy());
  let rest = '';
  try {
    for await (const chunk of body) {
      const now = Date.now();
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const at = /^data:.*"createdAt":"([^"]+)"/.exec(line)?.[1];
        if (at) lags.push(now - Date.parse(at));
      }
    }
  } catch (error) {
    if (!over.aborted) throw error;
  }
}

async function watchTable(
  db: BetterSqlite3.Database,
  lags: number[],
  over: AbortSignal,
): Promise<void> {
  const changed = db
    .prepare<[string], string>('SELECT updated_at FROM process_store WHERE updated_at > ?')
    .pluck();
  let newest = new Date().toISOString();
  while (!over.aborted) {
    const found = changed.all(newest);
    const now = Date.now();
    lags.push(...found.map((at) => now - Date.parse(at)));
    newest = [newest, ...found].sort().at(-1) ?? newest;
    await sleep(POLL_INTERVAL_MS);
  }
}

/** Of each batch that is added to the rollups the event that has waited longest. */
async function watchRollups(
  db: BetterSqlite3.Database,
  lags: number[],
  over: AbortSignal,
): Promise<void> {
  const position = db
    .prepare<[], number>('SELECT position FROM rollup_state WHERE is_current = 1')
    .pluck();
  const writtenAt = db
    .prepare<[number], string>('SELECT created_at FROM event_log WHERE id > ? ORDER BY id LIMIT 1')
    .pluck();
  let known = position.get() ?? 0;
  // What was waiting when the load was another one does not count.
  for (let at = known; !over.aborted && at === known; at = position.get() ?? 0)
    await sleep(POLL_INTERVAL_MS);
  known = position.get() ?? 0;
  while (!over.aborted) {
    const now = position.get() ?? 0;
    const oldest = now > known ? writtenAt.get(known) : undefined;
    if (oldest) lags.push(Date.now() - Date.parse(oldest));
    known = now;
    await sleep(POLL_INTERVAL_MS);
  }
}
