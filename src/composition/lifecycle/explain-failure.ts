import type { Logger } from 'pino';
import { SetupError, StoreUnavailableError } from '../../../domain/common/index.ts';

/** What SQLite says of its file (https://sqlite.org/rescode.html), and what to do. */
const OF_THE_FILE: readonly [code: RegExp, sentence: string][] = [
  [
    /^SQLITE_(BUSY|LOCKED)/,
    'another process has held the write lock of the database for longer than is waited for; end it, or try again when it is done',
  ],
  [/^SQLITE_NOTADB/, 'the database file is none of SQLite; is it the folder of this service?'],
  [
    /^SQLITE_CORRUPT/,
    'the database file is damaged; restore it from a backup, see docs/operating/sqlite.md',
  ],
  [/^SQLITE_READONLY/, 'the database file or its folder may only be read; let this user write it'],
  [
    /^SQLITE_(CANTOPEN|PERM|AUTH)/,
    'the database file cannot be opened; let this user read and write the folder',
  ],
  [/^SQLITE_FULL/, 'there is no room left for the database; make room on its disk'],
  [/^SQLITE_IOERR/, 'the disk of the database failed; look at the log of the system'],
];

/** One sentence on why a command, or the start of the service, ended: no stack, and no more than one line. */
function explainFailure(error: unknown): string {
  const said = oneLine(messageOf(error));
  if (error instanceof SetupError || error instanceof StoreUnavailableError) return said;
  const ofTheFile = explainFileTrouble(error);
  if (ofTheFile !== null) return ofTheFile;
  return `${said}; this should not have happened: LOG_LEVEL=debug shows where it did`;
}

/** Likewise of an error of SQLite's; null when it is none that its file, or who else has it, is the reason of. */
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
 * Ends the process with one line, on what nobody has caught. Only where somebody asks for it there is a stack.
 *
 * @returns a function that leaves this to others again
 */
export function failInOneLine(write: (text: string) => void, level = process.env.LOG_LEVEL) {
  const fail = (error: unknown): void => {
    sayFailure(error, write, level);
    process.exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  return (): void => {
    process.off('uncaughtException', fail);
    process.off('unhandledRejection', fail);
  };
}

/** From here on, what nobody has caught ends the process with a log line that has the stack: the service runs. */
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
export function sayFailure(
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
