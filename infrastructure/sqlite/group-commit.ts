import BetterSqlite3 from 'better-sqlite3';
import { CodedError, StoreUnavailableError } from '../../domain/common/index.ts';
import { isBusy } from './file-lock.ts';

/** Writes that are committed together: this bounds how long one commit blocks the event loop. */
const MAX_GROUP = 256;
/** Milliseconds for which a write blocks the event loop to wait for another process: most commits take less. */
const BUSY_TIMEOUT_MS = 5;
/** The time for which writes wait while another process has the file. */
const WRITE_TIMEOUT_MS = 5_000;
/** The longest delay between two attempts to get the file. */
const MAX_DELAY_MS = 10;

export interface GroupCommit {
  /**
   * Runs `work` inside a transaction and resolves with its result once that is durable. `work` must
   * do nothing but read and write this database, for it may be run a second time; a CodedError may
   * be thrown as long as it has written nothing.
   *
   * @param onCommitted called with the result right after the commit, before any other code of this process runs
   * @throws StoreUnavailableError when nothing could be written
   */
  write<T>(work: () => T, onCommitted?: (result: T) => void): Promise<T>;
  /** Calls back at the end of each transaction, still inside it. Must do nothing but write this database. */
  onCommitting(listener: () => void): void;
  /** Calls back whenever a transaction was rolled back: memory may know more than the database. */
  onRolledBack(listener: () => void): void;
}

interface GroupCommitOptions {
  /** Milliseconds for which a write waits while another process has the file. */
  timeoutMs?: number;
  /** From 0 to 1. */
  random?: () => number;
}

/** The group commits of a connection that share its transactions. */
export interface GroupCommits {
  /** A commit that survives a power cut: accepted means durable (G1). */
  synced: GroupCommit;
  /**
   * For what can be done again from what is synced: a commit of such writes alone is not synced, and a power cut may
   * undo it, together with all that was committed after it. In a group with a synced write it costs no sync more.
   */
  ordered: GroupCommit;
}

interface Entry {
  work: () => unknown;
  onCommitted: ((result: never) => void) | undefined;
  isSynced: boolean;
  /** When it was asked for. */
  since: number;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
  /** What the work returned, or the refusal that it threw, in the transaction that runs. */
  outcome: { value: never } | { refusal: CodedError } | undefined;
}

/** A group commit on a connection of its own, as durable as that was opened. */
export function createGroupCommit(
  db: BetterSqlite3.Database,
  options: GroupCommitOptions = {},
): GroupCommit {
  return createGroups(db, options, () => {}).synced;
}

/**
 * The group commits of a connection that was opened `synced`.
 *
 * Tried: a connection for each kind of write. It needs a transaction of its own in every turn, and a commit of one makes
 * the others read their pages again; the CPU of a process differed by less than a busy machine shows.
 */
export function createGroupCommits(
  db: BetterSqlite3.Database,
  options: GroupCommitOptions = {},
): GroupCommits {
  let isSynced = true;
  return createGroups(db, options, (group) => {
    const wanted = group.some((entry) => entry.isSynced);
    if (wanted === isSynced) return;
    db.pragma(`synchronous = ${wanted ? 'FULL' : 'NORMAL'}`);
    isSynced = wanted;
  });
}

/**
 * Commits all writes of one turn of the event loop in one transaction: the expensive part is the sync at the commit,
 * not the rows.
 *
 * Tried, events per second with 64 callers on one noisy core: a transaction each 4,700; group commit
 * 57,000. A single caller is not slower.
 *
 * When another process has the file, the writes wait for it without blocking the event loop, as SQLite's own waiting
 * (busy_timeout) would. The delays are random, so that several waiting processes do not keep colliding.
 */
function createGroups(
  db: BetterSqlite3.Database,
  { timeoutMs = WRITE_TIMEOUT_MS, random = Math.random }: GroupCommitOptions,
  beforeBegin: (group: readonly Entry[]) => void,
): GroupCommits {
  db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');
  const committing: (() => void)[] = [];
  const rolledBack: (() => void)[] = [];
  let waiting: Entry[] = [];

  /** Runs in a later turn as long as any write waits, and only once at a time. */
  function commitTogether(): void {
    const keptOut = commitGroup(waiting.splice(0, MAX_GROUP));
    if (keptOut.length > 0) waiting = rejectExpired([...keptOut, ...waiting]);
    if (waiting.length === 0) return;
    if (keptOut.length === 0) setImmediate(commitTogether);
    else setTimeout(commitTogether, 1 + random() * MAX_DELAY_MS);
  }

  /** Answers every write, except for those that it returns: another process has the file. */
  function commitGroup(group: readonly Entry[]): readonly Entry[] {
    const failure = commitAll(group);
    if (!failure) return [];
    if (!failure.begun && isBusy(failure.error)) return group;
    if (failure.begun && group.length > 1) return commitEach(group);
    rejectAll(group, failure.error);
    return [];
  }

  /** One write fails the whole group: each is run again by itself. */
  function commitEach(group: readonly Entry[]): readonly Entry[] {
    for (const [at, entry] of group.entries()) {
      const keptOut = commitGroup([entry]);
      // The others would be kept out as well, after a wait for each.
      if (keptOut.length > 0) return [...keptOut, ...group.slice(at + 1)];
    }
    return [];
  }

  /** Rejects writes that have waited for too long; returns the others. */
  function rejectExpired(entries: readonly Entry[]): Entry[] {
    const oldest = performance.now() - timeoutMs;
    const remaining = entries.filter(({ since }) => since > oldest);
    if (remaining.length < entries.length) {
      const text = `the database took no write: another process had it for ${timeoutMs} ms`;
      const error = new StoreUnavailableError(text);
      for (const entry of entries) if (entry.since <= oldest) entry.reject(error);
    }
    return remaining;
  }

  /** One transaction; returns why nothing was written, or undefined. */
  function commitAll(group: readonly Entry[]): { begun: boolean; error: unknown } | undefined {
    try {
      beforeBegin(group);
      begin.run();
    } catch (error) {
      return { begun: false, error };
    }
    try {
      for (const entry of group) entry.outcome = attempt(entry.work);
      for (const listener of committing) listener();
      commit.run();
    } catch (error) {
      if (db.inTransaction) rollback.run();
      for (const listener of rolledBack) listener();
      return { begun: true, error };
    }
    for (const entry of group) answer(entry);
    return undefined;
  }

  function rejectAll(group: readonly Entry[], error: unknown): void {
    const reason = db.open ? unavailable(error) : closed(error);
    for (const entry of group) entry.reject(reason);
  }

  const groupCommit = (isSynced: boolean): GroupCommit => ({
    write: <T>(work: () => T, onCommitted?: (result: T) => void) =>
      new Promise<T>((resolve, reject) => {
        const since = performance.now();
        waiting.push({ work, onCommitted, isSynced, since, resolve, reject, outcome: undefined });
        if (waiting.length === 1) setImmediate(commitTogether);
      }),
    onCommitting: (listener) => void committing.push(listener),
    onRolledBack: (listener) => void rolledBack.push(listener),
  });
  return { synced: groupCommit(true), ordered: groupCommit(false) };
}

/** Runs the work. A refusal concerns only its own caller. */
function attempt(work: Entry['work']): NonNullable<Entry['outcome']> {
  try {
    return { value: work() as never };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { refusal: error };
  }
}

/** Answers the caller, after the commit. */
function answer({ outcome, onCommitted, resolve, reject }: Entry): void {
  if (!outcome) return;
  if ('refusal' in outcome) {
    reject(outcome.refusal);
    return;
  }
  onCommitted?.(outcome.value);
  resolve(outcome.value);
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
