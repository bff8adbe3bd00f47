import type { Log } from '../../../domain/common/index.ts';
import type { Outbox } from '../../../domain/outbox/index.ts';
import type { ProcessStore } from '../../../domain/process/index.ts';

export interface LoadLimits {
  /**
   * Checks whether there is room for a start, before anything is written: an accepted start is never refused.
   *
   * @param waits whether its caller waits for the end
   * @returns null when there is room, else a sentence for the caller
   */
  refuseStart(waits: boolean): string | null;
  /** Checks whether there is room for a caller that waits or follows; like `refuseStart`. */
  refuseWait(): string | null;
  /** Starts to poll the database, once a second. */
  start(): void;
  stop(): void;
}

interface LoadLimitsOptions {
  /** How many callers wait or follow now. */
  waiting: () => number;
  /** Cuts off a follower that does not read; returns whether there is room now. */
  makeRoom: () => boolean;
  outbox: Pick<Outbox, 'depth'>;
  processStore: Pick<ProcessStore, 'countPending'>;
  /** Callers that may wait or follow at the same time in this service instance. */
  waitersMax: number;
  /** Rows in the outbox above which starts are refused; 0: no limit. */
  backlogMax: number;
  /** Pending processes above which starts are refused; 0: no limit. */
  pendingMax: number;
  log: Pick<Log, 'debug'>;
}

const POLL_INTERVAL_MS = 1_000;

/**
 * Sheds load early (G14): a start that would wait for minutes behind others is refused while its caller can still
 * try again or go elsewhere, and memory stays bounded.
 *
 * The database is polled once a second. Between two polls, all starts that this service instance accepted count
 * as unfinished, so that a flood cannot slip through in that second; other instances see it at their next poll.
 */
export function createLoadLimits(options: LoadLimitsOptions): LoadLimits {
  const { waiting, makeRoom, outbox, processStore, waitersMax, backlogMax, pendingMax, log } =
    options;
  let backlog = 0;
  let pending = 0;
  let accepted = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function poll(): Promise<void> {
    const before = accepted;
    try {
      const [rows, processes] = await Promise.all([
        backlogMax > 0 ? outbox.depth().then((depth) => depth.rows) : 0,
        pendingMax > 0 ? processStore.countPending(pendingMax) : 0,
      ]);
      backlog = rows;
      pending = processes;
      accepted -= before;
    } catch (error) {
      // Starts fail as well then, and report why. The accepted ones still count.
      log.debug({ error: String(error) }, 'load limits: the database does not answer');
    }
    if (!stopped) timer = setTimeout(poll, POLL_INTERVAL_MS).unref();
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
      if (backlogMax > 0 && backlog + accepted >= backlogMax) {
        return 'The backlog of accepted starts is full; nothing was written. Send the same request again later.';
      }
      if (pendingMax > 0 && pending + accepted >= pendingMax) {
        return `The limit of ${pendingMax} pending processes is reached; nothing was written. Send the same request again later.`;
      }
      accepted++;
      return null;
    },
    start() {
      if (backlogMax > 0 || pendingMax > 0) void poll();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
