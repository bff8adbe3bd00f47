import type { Outbox } from '../../../domain/outbox/index.ts';
import type { ProcessStore } from '../../../domain/process/index.ts';

export interface LoadLimits {
  /**
   * Asks for room for a start, before anything is written: what was accepted is never refused later.
   *
   * @param waits whether its caller waits for the end
   * @returns null when there is room, else a sentence for the caller
   */
  refuseStart(waits: boolean): string | null;
  /** Asks for room for a caller who waits or follows; as `refuseStart`. */
  refuseWait(): string | null;
  /** Begins to look at the database, once a second. */
  start(): void;
  stop(): void;
}

interface LoadLimitsOptions {
  /** How many wait or follow now. */
  waiting: () => number;
  /** Cuts off one of them who does not read; returns whether there is room now. */
  makeRoom: () => boolean;
  outbox: Pick<Outbox, 'depth'>;
  processStore: Pick<ProcessStore, 'countPending'>;
  /** Callers who wait or follow at once in this instance. */
  waitersMax: number;
  /** Rows in the outbox above which starts are refused; 0: no limit. */
  backlogMax: number;
  /** Pending processes above which starts are refused; 0: no limit. */
  pendingMax: number;
  log: { debug(fields: object, message: string): void };
}

const LOOK_EVERY_MS = 1_000;

/**
 * Sheds load early: a start that would have to wait for minutes behind others is refused while its caller
 * can still go elsewhere or try again, and memory stays bounded.
 *
 * The database is asked once a second. Between two looks the starts that this instance let in count as if
 * none of them had been worked off, so that a flood cannot slip through in that second; other instances
 * notice it with their next look.
 */
export function createLoadLimits(options: LoadLimitsOptions): LoadLimits {
  const { waiting, makeRoom, outbox, processStore, waitersMax, backlogMax, pendingMax, log } =
    options;
  let backlog = 0;
  let pending = 0;
  let letIn = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function look(): Promise<void> {
    const before = letIn;
    try {
      const [rows, processes] = await Promise.all([
        backlogMax > 0 ? outbox.depth().then((depth) => depth.rows) : 0,
        pendingMax > 0 ? processStore.countPending(pendingMax) : 0,
      ]);
      backlog = rows;
      pending = processes;
      letIn -= before;
    } catch (error) {
      // Starts fail as well then, and say why. Those that were let in go on counting.
      log.debug({ error: String(error) }, 'load limits: the database does not answer');
    }
    if (!stopped) timer = setTimeout(look, LOOK_EVERY_MS).unref();
  }

  function refuseWait(): string | null {
    if (waiting() < waitersMax || makeRoom()) return null;
    return `As many callers wait here as there is room for (${waitersMax}). Send the same request again later, or without waiting.`;
  }

  return {
    refuseWait,
    refuseStart(waits) {
      const full = waits ? refuseWait() : null;
      if (full) return full;
      if (backlogMax > 0 && backlog + letIn >= backlogMax) {
        return 'More starts were accepted than can be passed on now; nothing was written. Send the same request again later.';
      }
      if (pendingMax > 0 && pending + letIn >= pendingMax) {
        return `As many processes are pending as may be (${pendingMax}); nothing was written. Send the same request again later.`;
      }
      letIn++;
      return null;
    },
    start() {
      if (backlogMax > 0 || pendingMax > 0) void look();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
