/** Where the lines go. */
export interface ProgressLog {
  info(fields: object, message: string): void;
}

export interface ProgressLines {
  /** How much there is to do; nothing is done yet. May be called again for the next part. */
  start(what: string, total: number): void;
  /** After each batch: how much is done in all, and what else the line shows. */
  update(done: number, fields?: object): void;
  /** Writes what the last line did not show. */
  stop(): void;
}

const LOG_INTERVAL_MS = 1_000;

/** Progress as log lines, one a batch but no more than one a second: for runs that nobody watches. */
export function createProgressLines(
  log: ProgressLog,
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
