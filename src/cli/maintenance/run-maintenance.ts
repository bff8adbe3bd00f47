import { existsSync } from 'node:fs';
import { Writable } from 'node:stream';
import type { Logger } from 'pino';
import { type NeededLock, TAKEN, takeLocks } from '../../../domain/archive/index.ts';
import { type Act, type ActEnd, audited } from '../../../domain/audit/index.ts';
import { SetupError, StoreUnavailableError } from '../../../domain/common/index.ts';
import { LOCAL_ACTOR } from '../../../domain/process/index.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import { databaseFile, openDatabase } from '../../composition/database/database-target.ts';
import { createCommandLogger } from '../../composition/observability/logger.ts';
import { type Config, readConfig } from '../../config.ts';
import { commandDetails } from './command-details.ts';
import { createProgress, type Progress } from './progress.ts';

export interface Maintenance {
  config: Config;
  database: Database;
  log: Logger;
  progress: Progress;
  /** Fires at Ctrl-C and SIGTERM: the run ends after its current batch. */
  signal: AbortSignal;
  /**
   * Does something that the audit log tells of.
   *
   * @param endOf left out: it is done, or stopped when the signal has fired
   */
  audited<Result>(
    act: Omit<Act, 'actor'>,
    work: () => Promise<Result>,
    endOf?: (result: Result) => Partial<ActEnd>,
  ): Promise<Result>;
}

interface MaintenanceOptions {
  /** Locks that the run needs for as long as it lasts; see the port. */
  locks?: readonly NeededLock[];
  /** What it prints when a signal has ended it; left out: that the same command resumes. */
  stopped?: string | undefined;
  env?: NodeJS.ProcessEnv;
}

/** Milliseconds within which a second signal counts as the first one delivered twice. */
const SAME_SIGNAL_MS = 1_000;
const RESUMES = 'stopped; run the same command again to resume';
/** What a shell gives a command that Ctrl-C ended. */
export const INTERRUPTED = 130;

/**
 * Runs a command that works on the database of a service, which may be running meanwhile. The first
 * Ctrl-C lets it end in order, with exit code 130; a second one ends it at once, which loses nothing either.
 *
 * @throws SetupError when there is no database, it goes away meanwhile, or another run holds a lock
 */
export async function runMaintenance(
  work: (maintenance: Maintenance) => Promise<void>,
  { locks = [], env = process.env, stopped = RESUMES }: MaintenanceOptions = {},
): Promise<void> {
  const config = readConfig(env);
  const file = databaseFile(config);
  if (config.DATABASE_URL === '' && !existsSync(file)) {
    throw new SetupError(
      `DATA_DIR: there is no database ${file}; set DATA_DIR to the folder of the service, or DATABASE_URL to its database`,
    );
  }
  const onTerminal = process.stderr.isTTY === true;
  const destination = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      // A bar on the line is overwritten, and draws itself again below.
      process.stderr.write(onTerminal ? `\r\u001b[K${text}` : text);
      done();
    },
  });
  const log = await createCommandLogger(config.LOG_LEVEL, onTerminal, destination, env);
  const progress = createProgress(log);
  const stop = stopBySignal();
  const database = await openDatabase(config, {
    clock: Date.now,
    leaseMs: 0,
    onAppended: () => {},
    warn: (message) => log.warn(message),
  });
  try {
    const held = await takeLocks(database.maintenanceLock, locks);
    if (!held.taken) throw new SetupError(TAKEN[held.by]);
    try {
      await work({
        config,
        database,
        log,
        progress,
        signal: stop.signal,
        audited: (act, acting, endOf) =>
          audited(
            database.auditLog,
            { ...act, actor: LOCAL_ACTOR, details: { ...act.details, ...commandDetails() } },
            acting,
            (result) => ({ outcome: stop.signal.aborted ? 'stopped' : 'done', ...endOf?.(result) }),
          ),
      });
    } finally {
      progress.stop();
      await held.release();
    }
  } catch (cause) {
    if (!(cause instanceof StoreUnavailableError)) throw cause;
    throw new SetupError(`${cause.message}; run the same command again to resume`, { cause });
  } finally {
    await database.close();
    stop.dispose();
  }
  if (!stop.signal.aborted) return;
  process.stderr.write(`${stopped}\n`);
  process.exitCode = INTERRUPTED;
}

/** The signal that Ctrl-C and SIGTERM fire; a second one ends the process at once. */
export function stopBySignal(): { signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  let first: number | undefined;
  const onSignal = (): void => {
    if (first !== undefined && performance.now() - first > SAME_SIGNAL_MS) {
      process.exit(INTERRUPTED);
    }
    first ??= performance.now();
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    dispose() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
