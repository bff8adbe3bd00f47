import { readFileSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { until } from './children.ts';

const READ_INTERVAL_MS = 20;
/** A process is idle when it uses fewer CPU ticks (10 ms each) than this within the interval. */
const IDLE_TICKS = 10;
const IDLE_INTERVAL_MS = 500;
/** Enough for the rollups of millions of events on a busy machine. */
const ROLLUP_TIMEOUT_MS = 30 * 60_000;

/**
 * The anonymous memory of a process in bytes, as Linux counts it: without the pages of mapped files, for instance of an
 * SQLite database.
 */
export function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]) * 1_024;
}

/** How much the memory of a process grows during some work, in bytes above `before`. */
export async function growthOf<T>(
  pid: number,
  work: () => Promise<T>,
  before = memoryOf(pid),
): Promise<{ growth: number; result: T }> {
  let peak = before;
  const read = (): void => {
    peak = Math.max(peak, memoryOf(pid));
  };
  const timer = setInterval(read, READ_INTERVAL_MS);
  try {
    const result = await work();
    read();
    return { growth: peak - before, result };
  } finally {
    clearInterval(timer);
  }
}

/** Waits until a process uses almost no CPU time: its work is done or waits for something else. */
export async function untilIdle(pid: number): Promise<void> {
  const ticks = (): number => {
    const [utime, stime] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15);
    return Number(utime) + Number(stime);
  };
  let before = Number.NEGATIVE_INFINITY;
  await until(async () => {
    const now = ticks();
    const idle = now - before < IDLE_TICKS;
    before = now;
    if (!idle) await new Promise((resolve) => setTimeout(resolve, IDLE_INTERVAL_MS));
    return idle;
  }, 'the process is idle');
}

/** Waits until the rollups of this SQLite database contain all its events. */
export async function untilRolledUp(file: string): Promise<void> {
  const db = new BetterSqlite3(file, { readonly: true });
  try {
    const left = db
      .prepare<[], number>(
        `SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'event_log')
           - (SELECT position FROM rollup_state WHERE is_current = 1)`,
      )
      .pluck();
    await until(() => left.get() === 0, 'the rollups are complete', ROLLUP_TIMEOUT_MS);
  } finally {
    db.close();
  }
}
