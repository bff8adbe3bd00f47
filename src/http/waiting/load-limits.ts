import type { Log } from '../../../domain/common/index.ts';
import type { EventStore } from '../../../domain/process/index.ts';
import { createStartCounts, type StartCountsOptions } from './start-counts.ts';

export interface LoadLimits {
  /**
   * Checks whether there is room for a start, before anything is written: an accepted start is never refused. The
   * start must be appended in the same turn, to the event store of `countStarts`: only then does the next one count it.
   *
   * @param waits whether its caller waits for the end
   * @returns null when there is room, else a sentence for the caller
   */
  refuseStart(waits: boolean): string | null;
  /** Checks whether there is room for a caller that waits or follows; like `refuseStart`. */
  refuseWait(): string | null;
  /** Wraps the event store that starts are appended to. */
  countStarts(eventStore: EventStore): EventStore;
  /** Counts what the database has now. Never throws: when it does not answer, the last counts hold. */
  poll(): Promise<void>;
  /** Polls the database now, and from then on once a second. */
  start(): Promise<void>;
  stop(): void;
}

interface LoadLimitsOptions extends StartCountsOptions {
  /** How many callers wait or follow now. */
  waiting: () => number;
  /** Cuts off a follower that does not read; returns whether there is room now. */
  makeRoom: () => boolean;
  /** Callers that may wait or follow at the same time in this service instance. */
  waitersMax: number;
  log: Pick<Log, 'debug'>;
}

const POLL_INTERVAL_MS = 1_000;

/**
 * Sheds load early (G14): a start that would wait for minutes behind others is refused while its caller can still
 * try again or go elsewhere, and memory stays bounded.
 *
 * The database is polled once a second. The starts that this service instance accepted count at once, so that a flood
 * cannot slip through in that second; other instances see them in the database.
 */
export function createLoadLimits(options: LoadLimitsOptions): LoadLimits {
  const { waiting, makeRoom, waitersMax, backlogMax, pendingMax, log } = options;
  const counts = createStartCounts(options);
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function poll(): Promise<void> {
    try {
      await counts.poll();
    } catch (error) {
      // Starts fail as well then, and report why. The accepted ones still count.
      log.debug({ error: String(error) }, 'load limits: the database does not answer');
    }
  }

  async function pollAgain(): Promise<void> {
    await poll();
    if (!stopped) timer = setTimeout(pollAgain, POLL_INTERVAL_MS).unref();
  }

  function refuseWait(): string | null {
    if (waiting() < waitersMax || makeRoom()) return null;
    return `The limit of ${waitersMax} waiting callers of this service instance is reached. Send the same request again later, or without waiting.`;
  }

  return {
    refuseWait,
    refuseStart(waits) {
      const full = waits ? refuseWait() : null;
      if (full) return full;
      if (backlogMax > 0 && counts.backlog() >= backlogMax) {
        return 'The backlog of accepted starts is full; nothing was written. Send the same request again later.';
      }
      if (pendingMax > 0 && counts.pending() >= pendingMax) {
        return `The limit of ${pendingMax} pending processes is reached; nothing was written. Send the same request again later.`;
      }
      return null;
    },
    countStarts: counts.countAppends,
    poll,
    async start() {
      if (backlogMax > 0 || pendingMax > 0) await pollAgain();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
