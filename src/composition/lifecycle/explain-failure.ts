import type { Logger } from 'pino';
import { SetupError, StoreUnavailableError } from '../../../domain/common/index.ts';

/** SQLite's errors about its file (https://sqlite.org/rescode.html), and what to do. */
const OF_THE_FILE: readonly [code: RegExp, sentence: string][] = [
  [
    /^SQLITE_(BUSY|LOCKED)/,
    'another process has held the write lock of the database for too long; end it, or try again when it is done',
  ],
  [
    /^SQLITE_NOTADB/,
    'the database file is not an SQLite database; is DATA_DIR the folder of this service?',
  ],
  [
    /^SQLITE_CORRUPT/,
    'the database file is damaged; restore it from a backup, see docs/operating/sqlite.md',
  ],
  [/^SQLITE_READONLY/, 'the database file or its folder is read-only; let this user write it'],
  [
    /^SQLITE_(CANTOPEN|PERM|AUTH)/,
    'the database file cannot be opened; let this user read and write the folder',
  ],
  [/^SQLITE_FULL/, 'the disk of the database is full; free some space'],
  [/^SQLITE_IOERR/, 'the disk of the database failed; look at the log of the system'],
];

/** Explains in one line, without a stack, why a command or the start of the service failed. */
function explainFailure(error: unknown): string {
  const said = oneLine(messageOf(error));
  if (error instanceof SetupError || error instanceof StoreUnavailableError) return said;
  const ofTheFile = explainFileTrouble(error);
  if (ofTheFile !== null) return ofTheFile;
  return `${said}; this is a defect: LOG_LEVEL=debug shows its stack`;
}

/** Explains an SQLite error about the file or its locks; null for other errors. */
export function explainFileTrouble(error: unknown): string | null {
  const { code } = (error ?? {}) as { code?: unknown };
  const found = OF_THE_FILE.find(([pattern]) => typeof code === 'string' && pattern.test(code));
  return found ? `DATA_DIR: ${found[1]} (${String(code)}: ${oneLine(messageOf(error))})` : null;
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/**
 * Ends the process with one line on an uncaught error, with a stack only when LOG_LEVEL asks for it.
 *
 * @returns a function that removes the handlers
 */
export function failInOneLine(write: (text: string) => void, level = process.env.LOG_LEVEL) {
  const fail = (error: unknown): void => {
    reportFailure(error, write, level);
    process.exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  return (): void => {
    process.off('uncaughtException', fail);
    process.off('unhandledRejection', fail);
  };
}

/** For the running service: an uncaught error ends the process with a log line that has the stack. */
export function failInLog(log: Pick<Logger, 'fatal'>): void {
  const fail = (error: unknown): void => {
    log.fatal({ err: error }, 'a defect ends the service');
    process.exit(1);
  };
  // Before the listeners of `failInOneLine`, which are for the start.
  process.prependListener('uncaughtException', fail);
  process.prependListener('unhandledRejection', fail);
}

/** Writes the line, and at the level `debug` the stack below it. */
export function reportFailure(
  error: unknown,
  write: (text: string) => void,
  level = process.env.LOG_LEVEL,
): void {
  write(`fastify-camunda: ${explainFailure(error)}\n`);
  const isWanted = level === 'debug' || level === 'trace';
  if (isWanted && error instanceof Error && !(error instanceof SetupError)) {
    write(`${error.stack ?? ''}\n`);
  }
}
