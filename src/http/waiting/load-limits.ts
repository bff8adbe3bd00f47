import type { Log } from '../../../domain/common/index.ts';
import type { EventStore } from '../../../domain/process/index.ts';
import { createStartHold } from './hold-starts.ts';
import { createStartCounts, type StartCountsOptions } from './start-counts.ts';
import type { StartDelay } from './start-delay.ts';

/** Which limit a start was refused by. */
export type RefusalReason = 'waiters' | 'start-delay' | 'backlog' | 'pending';

export interface LoadLimits {
  /**
   * Holds a start for a short time while starts come faster than they begin, and one that would be refused, so that
   * callers who send the next start at the answer do not take the processor from what is accepted.
   *
   * @param waits whether its caller waits for the end
   */
  holdStart(waits: boolean): Promise<void>;
  /**
   * Checks whether there is room for a start, before anything is written: an accepted start is never refused. The
   * start must be appended in the same turn, to the event store of `countStarts`: only then does the next one count it.
   *
   * @param waits whether its caller waits for the end
   * @param isLater whether it waits for its time: it is no load yet, but for its row in the outbox
   * @returns null when there is room, else a sentence for the caller
   */
  refuseStart(waits: boolean, isLater?: boolean): string | null;
  /** Checks whether there is room for a caller that waits or follows; like `refuseStart`. */
  refuseWait(): string | null;
  /** Wraps the event store that starts are appended to. */
  countStarts(eventStore: EventStore): EventStore;
  /** Counts what the database has now. Never throws: when it does not answer, the last counts hold. */
  poll(): Promise<void>;
  /** Polls the database now, and from then on once a second. */
  start(): Promise<void>;
  /** Also holds no more starts. */
  stop(): void;
}

interface LoadLimitsOptions extends StartCountsOptions {
  /** How many callers wait or follow now. */
  waiting: () => number;
  /** Cuts off a follower that does not read; returns whether there is room now. */
  makeRoom: () => boolean;
  /** Callers that may wait or follow at the same time in this service instance. */
  waitersMax: number;
  startDelay: Pick<StartDelay, 'estimate'>;
  /** Milliseconds; a start that would begin later is refused. 0: no limit. */
  startDelayMaxMs: number;
  onRefused: (reason: RefusalReason) => void;
  log: Pick<Log, 'debug'>;
}

const POLL_INTERVAL_MS = 1_000;
/**
 * The estimated delays between which starts that nobody waits for are held, from not at all to the longest: callers who
 * send one after the other come to send as many as begin, behind a second's worth of others.
 */
const HOLD_FROM_MS = 100;
const HOLD_LONGEST_FROM_MS = 2_000;

/**
 * Sheds load early (G14): a start that would wait for minutes behind others is refused while its caller can still
 * try again or go elsewhere, and memory stays bounded.
 *
 * The database is polled once a second. The starts that this service instance accepted count at once, so that a flood
 * cannot slip through in that second; other instances see them in the database.
 */
export function createLoadLimits(options: LoadLimitsOptions): LoadLimits {
  const { waiting, makeRoom, waitersMax, backlogMax, pendingMax, log } = options;
  const { startDelay, startDelayMaxMs } = options;
  const counts = createStartCounts(options);
  const held = createStartHold();
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

  const isBacklogFull = (): boolean => backlogMax > 0 && counts.backlog() >= backlogMax;

  /** Without cutting anybody off. */
  function fullFor(waits: boolean, isLater = false): RefusalReason | null {
    if (isLater) return isBacklogFull() ? 'backlog' : null;
    if (startDelayMaxMs > 0 && (startDelay.estimate(waits) ?? 0) > startDelayMaxMs) {
      return 'start-delay';
    }
    if (isBacklogFull()) return 'backlog';
    if (pendingMax > 0 && counts.pending() >= pendingMax) return 'pending';
    return null;
  }

  function holdShare(waits: boolean): number {
    if (fullFor(waits) || (waits && waiting() >= waitersMax)) return 1;
    if (waits || startDelayMaxMs === 0) return 0;
    const delay = startDelay.estimate(waits) ?? 0;
    return delay < HOLD_FROM_MS ? 0 : Math.min(1, delay / HOLD_LONGEST_FROM_MS);
  }

  const hasNoSlot = (): boolean => waiting() >= waitersMax && !makeRoom();

  function sentenceOf(reason: RefusalReason): string {
    switch (reason) {
      case 'waiters':
        return `The limit of ${waitersMax} waiting callers of this service instance is reached. Send the same request again later, or without waiting.`;
      case 'start-delay':
        return `More starts are accepted than the service can begin within ${startDelayMaxMs / 1_000} seconds; nothing was written. Send the same request again later.`;
      case 'backlog':
        return 'The backlog of accepted starts is full; nothing was written. Send the same request again later.';
      case 'pending':
        return `The limit of ${pendingMax} pending processes is reached; nothing was written. Send the same request again later.`;
      default:
        return reason satisfies never;
    }
  }

  return {
    holdStart: (waits) => held.hold(holdShare(waits)),
    refuseWait: () => (hasNoSlot() ? sentenceOf('waiters') : null),
    refuseStart(waits, isLater) {
      const reason = waits && hasNoSlot() ? 'waiters' : fullFor(waits, isLater);
      if (!reason) return null;
      options.onRefused(reason);
      return sentenceOf(reason);
    },
    countStarts: counts.countAppends,
    poll,
    async start() {
      if (backlogMax > 0 || pendingMax > 0) await pollAgain();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      held.stop();
    },
  };
}
