import {
  type Clock,
  StoreUnavailableError,
  VersionConflictError,
} from '../../../domain/common/index.ts';
import type { Outbox } from '../../../domain/outbox/index.ts';
import type { EventStore, ProcessEvent, ProcessStore } from '../../../domain/process/index.ts';

export interface StartCounts {
  /** Wraps the event store of the start route: a start counts from the moment at which its append is called. */
  countAppends(eventStore: EventStore): EventStore;
  /** Rows in the outbox, and starts of this service instance that may become one. */
  backlog(): number;
  /** Pending processes, and starts of this service instance that may become one. */
  pending(): number;
  /** Counts what the database has now. */
  poll(): Promise<void>;
}

export interface StartCountsOptions {
  outbox: Pick<Outbox, 'depth'>;
  processStore: Pick<ProcessStore, 'countPending' | 'findUnprojected'>;
  /** Rows in the outbox above which starts are refused; 0: no limit. */
  backlogMax: number;
  /** Pending processes above which starts are refused; 0: no limit. */
  pendingMax: number;
  clock: Clock;
}

/** Ids in one statement: SQL Server takes 2,100 parameters. */
const IDS_MAX = 500;

/**
 * Counts what starts have caused, for the load limits. The database is counted now and then; a start of this service
 * instance is added until the database is sure to count it, however long that takes. So a count is never too low for
 * a start of this instance. Until the next poll it may be too high: a start that is projected between the two
 * statements of a poll counts twice.
 */
export function createStartCounts(options: StartCountsOptions): StartCounts {
  const { outbox, processStore, backlogMax, pendingMax, clock } = options;
  let rows = 0;
  let pending = 0;
  /** Appends that have not ended; and those among them of processes that wait for their time, which are no load yet. */
  let inFlight = 0;
  let laterInFlight = 0;
  /** Starts that were written since the last count of the outbox began, and may be missing in it. */
  let uncounted = 0;
  /** Starts that were written, and that `process_store` may not have yet: no more than `pendingMax`. */
  const unprojected = new Set<string>();

  function remember(correlationId: string, isLater: boolean): void {
    if (backlogMax > 0) uncounted++;
    if (pendingMax > 0 && !isLater) unprojected.add(correlationId);
  }

  const isLaterStart = (event: ProcessEvent | undefined): boolean =>
    event?.type === 'process-requested' && Date.parse(event.data.startAt ?? '') > clock();

  async function pollBacklog(): Promise<void> {
    const before = uncounted;
    rows = (await outbox.depth()).rows;
    uncounted -= before;
  }

  async function pollPending(): Promise<void> {
    // In this order: a process that is projected after it was looked up is counted below, and here.
    const projected = await findProjected();
    pending = await processStore.countPending(pendingMax);
    for (const id of projected) unprojected.delete(id);
  }

  /** Which of the remembered starts `process_store` has, or never will: not written after all, archived, deleted. */
  async function findProjected(): Promise<string[]> {
    const ids = [...unprojected];
    const left = new Set<string>();
    for (let at = 0; at < ids.length; at += IDS_MAX) {
      const found = await processStore.findUnprojected(ids.slice(at, at + IDS_MAX));
      for (const id of found) left.add(id);
    }
    return ids.filter((id) => !left.has(id));
  }

  return {
    countAppends: (eventStore) => ({
      ...eventStore,
      async append(...call) {
        const [correlationId, [first]] = call;
        const isLater = isLaterStart(first);
        inFlight++;
        if (isLater) laterInFlight++;
        try {
          const result = await eventStore.append(...call);
          if (!result.duplicate) remember(correlationId, isLater);
          return result;
        } catch (error) {
          if (!hasWrittenNothing(error)) remember(correlationId, isLater);
          throw error;
        } finally {
          inFlight--;
          if (isLater) laterInFlight--;
        }
      },
    }),
    backlog: () => rows + uncounted + inFlight,
    pending: () => pending + unprojected.size + inFlight - laterInFlight,
    async poll() {
      if (backlogMax > 0) await pollBacklog();
      if (pendingMax > 0) await pollPending();
    },
  };
}

/** After other errors the next poll finds out. */
function hasWrittenNothing(error: unknown): boolean {
  if (error instanceof StoreUnavailableError) return error.outcome === 'nothing-written';
  return error instanceof VersionConflictError;
}
