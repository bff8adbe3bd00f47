import { type Clock, type Log, StoreUnavailableError } from '../common/index.ts';
import {
  type DueCursor,
  type DueProcesses,
  type EventStore,
  readRequest,
  type StoredEvent,
} from '../process/index.ts';

export interface BeginDuePorts {
  dueProcesses: DueProcesses;
  eventStore: Pick<EventStore, 'readStream'>;
  /** Publishes the job that starts the instance of a request; resolves when it is done, or safely kept. */
  publish: (request: StoredEvent) => Promise<void>;
  clock: Clock;
  log: Pick<Log, 'debug' | 'info' | 'warn'>;
}

/** Begins the processes whose time has come. */
export type BeginDue = (signal: AbortSignal) => Promise<void>;

/** A process whose job was published, and that the list may still have. */
interface Published {
  isDone: boolean;
  /** Not again before this time. */
  againAt: number;
  pauseMs: number;
}

const PAGE = 500;
/** Processes whose jobs are published at the same time. */
const CONCURRENCY = 20;
/** Pauses before a process that has not begun is published again: a job may be lost with the memory of Redis. */
const FIRST_PAUSE_MS = 2_000;
const MAX_PAUSE_MS = 600_000;

/**
 * Publishes for each process that is due the job that starts its instance. The list is what `process_store` says, so nothing
 * is lost with this service instance: the next one reads the same list. Published twice, a process begins once: the
 * job looks for its instance first.
 */
export function createBeginDue(ports: BeginDuePorts): BeginDue {
  const { dueProcesses, eventStore, publish, clock, log } = ports;
  let published = new Map<string, Published>();

  async function begin(correlationId: string, before: Published | undefined): Promise<void> {
    const request = await readRequest(eventStore, correlationId);
    if (!request) return;
    const pauseMs = before ? Math.min(MAX_PAUSE_MS, before.pauseMs * 2) : FIRST_PAUSE_MS;
    const entry: Published = { isDone: false, againAt: clock() + pauseMs, pauseMs };
    published.set(correlationId, entry);
    const done = (): void => {
      entry.isDone = true;
    };
    // A job that fails has been logged by its queue; it is published again.
    publish(request).then(done, done);
  }

  async function beginPage(ids: readonly string[], signal: AbortSignal): Promise<void> {
    const now = clock();
    const due = ids.filter((id) => {
      const before = published.get(id);
      return !before || (before.isDone && before.againAt <= now);
    });
    const left = due.values();
    const take = async (): Promise<void> => {
      for (const id of left) {
        if (signal.aborted) return;
        // One that cannot be read must not keep the others from their turn.
        await begin(id, published.get(id)).catch((error: unknown) => {
          if (error instanceof StoreUnavailableError) throw error;
          log.warn({ correlationId: id, err: error }, 'a process that is due was not published');
        });
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, take));
    if (due.length > 0)
      log.debug({ processes: due.length }, 'published the starts of processes that are due');
  }

  async function beginAll(signal: AbortSignal): Promise<void> {
    const listed = new Set<string>();
    let after: DueCursor | undefined;
    while (!signal.aborted) {
      const now = new Date(clock()).toISOString();
      const page = await dueProcesses.list(now, PAGE, after, signal);
      for (const { correlationId } of page) listed.add(correlationId);
      await beginPage(
        page.map(({ correlationId }) => correlationId),
        signal,
      );
      after = page.at(-1);
      if (page.length < PAGE) break;
    }
    // Those that are not listed any more have begun, or ended.
    published = new Map([...published].filter(([id, { isDone }]) => !isDone || listed.has(id)));
  }

  return async (signal) => {
    try {
      await beginAll(signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof StoreUnavailableError)) throw error;
      log.info({ reason: error.message }, 'processes that are due wait for the database');
    }
  };
}
