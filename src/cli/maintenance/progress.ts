import { SingleBar } from 'cli-progress';
import { createProgressLines, type Log, type ProgressLines } from '../../../domain/common/index.ts';

export interface Progress extends ProgressLines {
  /** Writes a line of the result to standard output, above the bar. */
  print(line: string): void;
}

/**
 * Shows how far a long run is: a bar with the time left on a terminal, a log line a batch otherwise, though
 * no more than one a second.
 *
 * @param stream what the bar is drawn on, and whether it is a terminal
 */
export function createProgress(
  log: Pick<Log, 'info'>,
  stream: NodeJS.WriteStream = process.stderr,
  clock: () => number = () => performance.now(),
): Progress {
  if (stream.isTTY === true) return createBar(stream);
  return {
    ...createProgressLines(log, clock),
    print: (line) => void process.stdout.write(`${line}\n`),
  };
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
