import BetterSqlite3 from 'better-sqlite3';
import { openSqliteDatabase } from '../infrastructure/sqlite/database.ts';
import { type BenchQuestion, QUESTIONS } from './support/analytics-questions.ts';
import type { Benchmark, Run } from './support/benchmark.ts';
import { rolledUpDatabase } from './support/rolled-up.ts';
import type { Row } from './support/row.ts';
import { median } from './support/statistics.ts';

const SIZES = [100_000, 1_000_000];
/** An answer from rollups is so quick that each round measures several. */
const ANSWERS_PER_ROUND = 5;

/**
 * Typical questions on generated SQLite databases, a third of them archived, one after the other. Ours: answers from the
 * rollups and from the events (`exact`), through the port that the REST calls use. Baseline: better-sqlite3 runs the SQL
 * that a person would write over event_log and its archive, with percentiles by window functions.
 *
 * Two more rows compare the answers on the largest database with those on the smallest, which should take the same
 * time, and the computing of the rollups with reading the same columns by the driver.
 */
export const analytics: Benchmark = async (run) => {
  const sizes = run.events ?? SIZES;
  const rows: Row[] = [];
  const times = new Map<string, number[]>();
  for (const size of sizes) {
    const label = `${size.toLocaleString('en')} events`;
    const { file, rates } = await rolledUpDatabase(run, size);
    if (rates) {
      rows.push({
        name: `rollups made, ${label}`,
        unit: '/s',
        baseline: { what: 'better-sqlite3 reads the same columns', figures: [rates.read] },
        ours: [rates.rollUp],
        goal: null,
      });
    }
    for (const question of QUESTIONS) {
      const measured = await measure(run, file, question);
      const baseline = { what: 'better-sqlite3, SQL by hand', figures: measured.raw };
      const name = `${question.name}, ${label}`;
      rows.push(
        { name, unit: 'ms', baseline, ours: measured.rollups, goal: null },
        { name: `${name}, exact`, unit: 'ms', baseline, ours: measured.exact, goal: null },
      );
      times.set(question.name, [...(times.get(question.name) ?? []), median(measured.rollups)]);
      run.progress(
        `${name}: raw ${median(measured.raw).toFixed(1)} ms, rollups ${median(measured.rollups).toFixed(2)} ms, exact ${median(measured.exact).toFixed(1)} ms`,
      );
    }
  }
  const [smallest, largest] = [sizes[0] as number, sizes.at(-1) as number];
  if (smallest !== largest) {
    for (const [name, [few = 0, ...more]] of times) {
      rows.push({
        name: `${name}, ${largest.toLocaleString('en')} events`,
        unit: 'ms',
        baseline: { what: `${smallest.toLocaleString('en')} events`, figures: [few] },
        ours: [more.at(-1) ?? few],
        goal: { of: 'ratio', limit: 'at most', value: 2 },
      });
    }
  }
  return { rows };
};

async function measure(run: Run, file: string, { ask, raw }: BenchQuestion) {
  const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
  const database = await openSqliteDatabase({ ...options, file });
  const db = new BetterSqlite3(file, { readonly: true });
  const [from, to] = raw.range.map((ms) => new Date(ms).toISOString());
  const figures = { raw: [] as number[], rollups: [] as number[], exact: [] as number[] };
  // Warm-up: starts the threads and prepares the statements.
  await ask(database.analytics, false);
  for (let round = 0; round < run.rounds; round++) {
    figures.raw.push(await timed(async () => db.prepare(raw.sql).all({ from, to })));
    const several: number[] = [];
    for (let nth = 0; nth < ANSWERS_PER_ROUND; nth++) {
      several.push(await timed(() => ask(database.analytics, false)));
    }
    figures.rollups.push(median(several));
    figures.exact.push(await timed(() => ask(database.analytics, true)));
  }
  db.close();
  await database.close();
  return figures;
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await run();
  return performance.now() - began;
}
