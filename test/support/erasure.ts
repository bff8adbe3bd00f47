import { readFileSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { type CommandRun, runCommand } from './commands.ts';
import { MASTER, PERSON } from './personal.ts';
import {
  createFolder,
  type Folder,
  PERSONAL_PROCESSES,
  queryValue,
  settingsFor,
} from './service.ts';

/** The variables that processes are started with. */
export const ADA = { email: PERSON.email, fullName: PERSON.fullName };

/** A folder that is removed when the test has ended. */
export function newFolder(): Folder {
  const folder = createFolder();
  onTestFinished(folder.remove);
  return folder;
}

/** Settings of a service with a process that has personal data, and a master key. */
export const personal = (more: Record<string, string> = {}): Record<string, string> => ({
  PROCESSES_DIR: PERSONAL_PROCESSES,
  PERSONAL_DATA_KEY: MASTER,
  ...more,
});

/** Runs a command with these settings. */
export const run = (
  folder: Folder,
  args: string[],
  more: Record<string, string> = {},
): Promise<CommandRun> =>
  runCommand(args, settingsFor(folder, personal({ LOG_LEVEL: 'error', ...more })));

/** The rows of all tables but those of the embedded engine, which needs the plain variables. */
export function rowsBesideEngine(folder: Folder): string {
  const db = new BetterSqlite3(folder.file, { readonly: true });
  try {
    const tables = db
      .prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table'")
      .pluck()
      .all()
      .filter((name) => !name.startsWith('engine_'));
    return JSON.stringify(tables.map((name) => db.prepare(`SELECT * FROM ${name}`).all()));
  } finally {
    db.close();
  }
}

/** How many instances the embedded engine has, ended ones included. */
export const enginesRows = (folder: Folder): number =>
  Number(queryValue(folder, 'SELECT COUNT(*) FROM engine_process_instance'));

/** The database file and its write-ahead log, byte by byte. */
export function bytesOf(folder: Folder): string {
  const read = (suffix: string): string => {
    try {
      return readFileSync(folder.file + suffix).toString('latin1');
    } catch {
      return '';
    }
  };
  return read('') + read('-wal');
}
