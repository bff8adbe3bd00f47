import { readFileSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { until } from './children.ts';

/** Milliseconds between two looks. */
const LOOK_MS = 20;
/** So few ticks of the processor, 10 ms each, in so many milliseconds are next to nothing. */
const IDLE_TICKS = 10;
const IDLE_MS = 500;
/** Milliseconds for the rollups of millions of events, on a machine that has other work, too. */
const ROLLED_UP_MS = 30 * 60_000;

/**
 * Bytes that are a process's own, by what Linux says of it; pages of files that it has mapped, such as those of an
 * SQLite database, are not among them.
 */
export function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]) * 1_024;
}

/** How far the memory of a process rises during some work, in bytes above what it was before. */
export async function growthOf<T>(
  pid: number,
  work: () => Promise<T>,
  before = memoryOf(pid),
): Promise<{ growth: number; result: T }> {
  let peak = before;
  const look = (): void => {
    peak = Math.max(peak, memoryOf(pid));
  };
  const timer = setInterval(look, LOOK_MS);
  try {
    const result = await work();
    look();
    return { growth: peak - before, result };
  } finally {
    clearInterval(timer);
  }
}

/** Waits until a process computes next to nothing: what it was asked to do is done, or waits for somebody. */
export async function untilIdle(pid: number): Promise<void> {
  const ticks = (): number => {
    const [utime, stime] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15);
    return Number(utime) + Number(stime);
  };
  let before = Number.NEGATIVE_INFINITY;
  await until(
    async () => {
      const now = ticks();
      const idle = now - before < IDLE_TICKS;
      before = now;
      if (!idle) await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      return idle;
    },
    'the process is idle',
    60_000,
  );
}

/** Waits until a service has its rollups made of all events of this SQLite database. */
export async function untilRolledUp(file: string): Promise<void> {
  const db = new BetterSqlite3(file, { readonly: true });
  try {
    const left = db
      .prepare<[], number>(
        `SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'event_log')
           - (SELECT position FROM rollup_state WHERE is_current = 1)`,
      )
      .pluck();
    await until(() => left.get() === 0, 'the rollups are made', ROLLED_UP_MS);
  } finally {
    db.close();
  }
}
