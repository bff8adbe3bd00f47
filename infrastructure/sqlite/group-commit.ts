import BetterSqlite3 from 'better-sqlite3';
import { CodedError, StoreUnavailableError } from '../../domain/common/index.ts';
import { isBusy } from './file-lock.ts';

/** Writes committed together at most: bounds how long one commit holds up the event loop. */
const MAX_GROUP = 256;
/** Milliseconds that a write holds up the event loop for another process: most commits take less. */
const BUSY_MS = 5;
/** Milliseconds for which writes wait while another process has the file. */
const PATIENCE_MS = 5_000;
/** Longest pause between two tries for the file, in milliseconds. */
const MAX_PAUSE_MS = 10;

export interface GroupCommit {
  /**
   * Runs `work` inside a transaction and resolves with its result once that is durable. `work` must
   * do nothing but read and write this database, for it may be run a second time; a CodedError may
   * be thrown as long as it has written nothing.
   *
   * @throws StoreUnavailableError when nothing could be written
   */
  write<T>(work: () => T): Promise<T>;
}

export interface GroupCommitOptions {
  /** Milliseconds for which a write waits while another process has the file. */
  patienceMs?: number;
  /** From 0 to 1. */
  random?: () => number;
}

interface Entry {
  work: () => unknown;
  /** When it was asked for. */
  since: number;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
}

/**
 * Commits all writes that come in during one turn of the event loop in one transaction: what costs is
 * the sync at the commit, not the rows.
 *
 * Tried, events per second with 64 callers on one noisy core: a transaction each 4,700; group commit
 * 57,000. A lone caller pays nothing for it.
 *
 * When another process has the file, the writes wait for it off the event loop: SQLite's own waiting
 * (busy_timeout) would hold up everything else in this process for as long. The pauses differ, so that
 * several who wait do not keep meeting.
 */
export function createGroupCommit(
  db: BetterSqlite3.Database,
  { patienceMs = PATIENCE_MS, random = Math.random }: GroupCommitOptions = {},
): GroupCommit {
  db.pragma(`busy_timeout = ${BUSY_MS}`);
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');
  let waiting: Entry[] = [];

  /** Runs later as long as anything waits, once at a time. */
  function commitTogether(): void {
    const keptOut = commitGroup(waiting.splice(0, MAX_GROUP));
    if (keptOut.length > 0) waiting = patientOf([...keptOut, ...waiting]);
    if (waiting.length === 0) return;
    if (keptOut.length === 0) setImmediate(commitTogether);
    else setTimeout(commitTogether, 1 + random() * MAX_PAUSE_MS);
  }

  /** Gives every write its answer, but those that it returns: another process has the file. */
  function commitGroup(group: readonly Entry[]): readonly Entry[] {
    const failure = commitAll(group);
    if (!failure) return [];
    if (!failure.begun && isBusy(failure.error)) return group;
    if (failure.begun && group.length > 1) return commitEach(group);
    rejectAll(group, failure.error);
    return [];
  }

  /** One write spoils the group for all: each is done again by itself. */
  function commitEach(group: readonly Entry[]): readonly Entry[] {
    for (const [at, entry] of group.entries()) {
      const keptOut = commitGroup([entry]);
      // The others would be as well, and each would wait a moment to learn it.
      if (keptOut.length > 0) return [...keptOut, ...group.slice(at + 1)];
    }
    return [];
  }

  /** Gives up those that have waited long enough. */
  function patientOf(entries: readonly Entry[]): Entry[] {
    const oldest = performance.now() - patienceMs;
    const patient = entries.filter(({ since }) => since > oldest);
    if (patient.length < entries.length) {
      const text = `the database took no write: another process had it for ${patienceMs} ms`;
      const error = new StoreUnavailableError(text);
      for (const entry of entries) if (entry.since <= oldest) entry.reject(error);
    }
    return patient;
  }

  /** One transaction; gives back why nothing was written, or undefined. */
  function commitAll(group: readonly Entry[]): { begun: boolean; error: unknown } | undefined {
    let answers: (() => void)[];
    try {
      begin.run();
    } catch (error) {
      return { begun: false, error };
    }
    try {
      answers = group.map(attempt);
      commit.run();
    } catch (error) {
      if (db.inTransaction) rollback.run();
      return { begun: true, error };
    }
    for (const answer of answers) answer();
    return undefined;
  }

  function rejectAll(group: readonly Entry[], error: unknown): void {
    const reason = db.open ? unavailable(error) : closed(error);
    for (const entry of group) entry.reject(reason);
  }

  return {
    write: <T>(work: () => T) =>
      new Promise<T>((resolve, reject) => {
        waiting.push({ work, since: performance.now(), resolve, reject });
        if (waiting.length === 1) setImmediate(commitTogether);
      }),
  };
}

/** Does the work; its answer is for after the commit. A refusal concerns nobody but its caller. */
function attempt(entry: Entry): () => void {
  try {
    const value = entry.work() as never;
    return () => entry.resolve(value);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return () => entry.reject(error);
  }
}

function closed(cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError('the database took no write: it is closed', { cause });
}

function unavailable(error: unknown): unknown {
  if (error instanceof BetterSqlite3.SqliteError && !error.code.startsWith('SQLITE_CONSTRAINT')) {
    return new StoreUnavailableError(`the database took no write: ${error.message}`, {
      cause: error,
    });
  }
  return error;
}
