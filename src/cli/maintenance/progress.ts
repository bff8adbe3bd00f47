import { SingleBar } from 'cli-progress';

export interface ProgressLog {
  info(fields: object, message: string): void;
}

export interface Progress {
  /** How much there is to do, and that nothing is done yet. May be called again for the next part. */
  start(what: string, total: number): void;
  /**
   * After each batch: how much is done in all. The fields go into the log line; a bar shows the numbers and
   * the time left.
   */
  update(done: number, fields?: object): void;
  /** Ends the bar and leaves it as it is. */
  stop(): void;
  /** Writes a line of the result to standard output, above the bar. */
  print(line: string): void;
}

/** Milliseconds between two log lines of one part, at least. */
const LOG_EVERY_MS = 1_000;

/**
 * Shows how far a long run is: a bar with the time left on a terminal, a log line a batch otherwise, though
 * no more than one a second.
 *
 * @param stream what the bar is drawn on, and whether it is a terminal
 */
export function createProgress(
  log: ProgressLog,
  stream: NodeJS.WriteStream = process.stderr,
  clock: () => number = () => performance.now(),
): Progress {
  return stream.isTTY === true ? createBar(stream) : createLines(log, clock);
}

function createBar(stream: NodeJS.WriteStream): Progress {
  let bar: SingleBar | undefined;
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    start(what, total) {
      stop();
      bar = new SingleBar({
        stream,
        format: `${what} {bar} {percentage} % | {value} of {total} | {eta_formatted} left`,
        barCompleteChar: '█',
        barIncompleteChar: '░',
        hideCursor: true,
        stopOnComplete: false,
        etaBuffer: 100,
        gracefulExit: false,
      });
      bar.start(total, 0);
    },
    update(done) {
      // What was counted at the start may have grown since.
      if (bar && done > bar.getTotal()) bar.setTotal(done);
      bar?.update(done);
    },
    stop,
    print(line) {
      // The bar draws itself again below.
      stream.write('\r\u001b[K');
      process.stdout.write(`${line}\n`);
    },
  };
}

/** Progress as log lines, for what runs without anybody watching. */
export function createLines(
  log: ProgressLog,
  clock: () => number = () => performance.now(),
): Progress {
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
      if (clock() - last >= LOG_EVERY_MS) write();
    },
    stop: write,
    print(line) {
      process.stdout.write(`${line}\n`);
    },
  };
}
