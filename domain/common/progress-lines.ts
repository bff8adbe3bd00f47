import type { Log } from './log.ts';

export interface ProgressLines {
  /** Begins a part with `total` items to do; called again for the next part. */
  start(what: string, total: number): void;
  /** Called after each batch with the items done so far, and fields to add to the line. */
  update(done: number, fields?: object): void;
  /** Writes the last update, if no line has shown it. */
  stop(): void;
}

const LOG_INTERVAL_MS = 1_000;

/** Writes progress as log lines, at most one a second, for runs without a terminal. */
export function createProgressLines(
  log: Pick<Log, 'info'>,
  clock: () => number = () => performance.now(),
): ProgressLines {
  let what = '';
  let total = 0;
  let last = Number.NEGATIVE_INFINITY;
  let pending: { done: number; fields: object } | undefined;
  const write = (): void => {
    if (!pending) return;
    const { done, fields } = pending;
    pending = undefined;
    last = clock();
    log.info({ ...fields, done, total: Math.max(done, total) }, what);
  };
  return {
    start(name, count) {
      write();
      what = name;
      total = count;
      last = Number.NEGATIVE_INFINITY;
    },
    update(done, fields = {}) {
      pending = { done, fields };
      if (clock() - last >= LOG_INTERVAL_MS) write();
    },
    stop: write,
  };
}
