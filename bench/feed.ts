import { openSqliteDatabase } from '../infrastructure/sqlite/database.ts';
import { openSqlite } from '../infrastructure/sqlite/open.ts';
import { type Benchmark, inTurns, rowOf } from './support/benchmark.ts';
import { generatedDatabase } from './support/generated.ts';
import type { Row } from './support/row.ts';
import { median } from './support/statistics.ts';

const SIZES = [100_000, 1_000_000];
const PAGE = 1_000;
const READS_OF_LAST_PAGE = 50;

/**
 * Reads all events of a generated database, a third of them archived, page by page through the feed.
 *
 * Baseline: better-sqlite3 reads the same rows with all their columns in the same order. One more row compares the last
 * page of the largest database with that of the smallest: a page must cost the same at any feed position.
 */
export const feed: Benchmark = async (run) => {
  const sizes = run.events ?? SIZES;
  const rows: Row[] = [];
  const pages: number[][] = [];
  for (const size of sizes) {
    const { file } = await generatedDatabase(run, size, { archived: 0.3 });
    const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
    const database = await openSqliteDatabase({ ...options, file });
    const name = `feed, ${size.toLocaleString('en')} events`;
    const rounds = await inTurns(run, name, [['perSecond', '/s']], {
      baseline: async () => ({ perSecond: readRaw(file) }),
      ours: async () => ({ perSecond: await readAll(database.eventFeed) }),
    });
    const baseline = 'better-sqlite3 reads the same rows';
    rows.push(rowOf(rounds, 'perSecond', { name, unit: '/s', baseline, goal: null }));
    const after = String(Number(await database.eventFeed.head()) - PAGE);
    const times: number[] = [];
    for (let read = 0; read < READS_OF_LAST_PAGE; read++) {
      const began = performance.now();
      await database.eventFeed.page({ after, limit: PAGE, filter: {}, archived: true });
      times.push(performance.now() - began);
    }
    pages.push([median(times)]);
    await database.close();
  }
  rows.push({
    name: `feed, last page, ${sizes.at(-1)?.toLocaleString('en')} events`,
    unit: 'ms',
    baseline: { what: `${sizes[0]?.toLocaleString('en')} events`, figures: pages[0] ?? [] },
    ours: pages.at(-1) ?? [],
    goal: { of: 'ratio', limit: 'at most', value: 2 },
  });
  return { rows };
};

type Feed = Awaited<ReturnType<typeof openSqliteDatabase>>['eventFeed'];

async function readAll(events: Feed): Promise<number> {
  const began = performance.now();
  let read = 0;
  for (let after = '0'; ; ) {
    const page = await events.page({ after, limit: PAGE, filter: {}, archived: true });
    read += page.items.length;
    after = page.lookedTo;
    if (page.atEnd) return (read / (performance.now() - began)) * 1_000;
  }
}

function readRaw(file: string): number {
  const db = openSqlite(file);
  const began = performance.now();
  let read = 0;
  for (const table of ['event_log_archive', 'event_log']) {
    const rows = db.prepare(`SELECT * FROM ${table} ORDER BY id`).iterate();
    while (!rows.next().done) read++;
  }
  const perSecond = (read / (performance.now() - began)) * 1_000;
  db.close();
  return perSecond;
}
