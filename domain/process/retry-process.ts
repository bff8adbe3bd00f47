import { StreamArchivedError, VersionConflictError } from '../common/index.ts';
import { decide } from './decide.ts';
import type { EventStore } from './event-store.ts';
import { endOf, type FindProcess } from './find-process.ts';
import { fold, isEnded, type ProcessState } from './process-state.ts';
import type { Waiter, Waitroom } from './waitroom.ts';

export interface RetryRequest {
  correlationId: string;
  /** Why, for the audit trail. */
  reason: string;
  /** Who asks for it. */
  actor: string;
  /** Milliseconds to wait for the end; 0 answers at once. */
  waitMs: number;
}

export type RetryAnswer =
  | { kind: 'retried'; end: ProcessState | null }
  /** Pending, or ended in a way that another go does not change. */
  | { kind: 'refused'; state: ProcessState }
  | { kind: 'archived' }
  /** What it was started with is erased. */
  | { kind: 'erased' }
  | { kind: 'unknown' };

export interface RetryPorts {
  eventStore: EventStore;
  waitroom: Waitroom;
  findProcess: FindProcess;
}

/**
 * Gives a process that failed for a technical reason another go, and waits for its new end. The version
 * read is the version expected, so of two retries at the same moment one wins. The waiter stands before
 * the commit (G6) and does not take the old end, told late, for the new one.
 *
 * @param onWaiting gets the waiter, to give it up when the caller hangs up
 * @throws StoreUnavailableError with nothing written
 */
export async function retryProcess(
  { correlationId, reason, actor, waitMs }: RetryRequest,
  { eventStore, waitroom, findProcess }: RetryPorts,
  onWaiting: (waiter: Waiter) => void,
): Promise<RetryAnswer> {
  for (;;) {
    const events = await eventStore.readStream(correlationId);
    const [first] = events;
    const state = fold(events);
    if (!first || !state) return { kind: 'unknown' };
    if (first.archivedAt) return { kind: 'archived' };
    if (first.erased) return { kind: 'erased' };
    const { processName, identity } = first;
    const audit = {
      httpMethod: 'POST',
      endpoint: '/api/process/:correlationId/retry',
      httpStatusCode: 202,
    };
    const decided = decide(
      { type: 'retry-process', processName, identity, audit, actor, reason },
      state,
    );
    if (decided.length === 0) return { kind: 'refused', state };
    const waiter = waitMs > 0 ? waitroom.wait(correlationId, waitMs, state.version + 1) : undefined;
    if (waiter) onWaiting(waiter);
    try {
      await eventStore.append(correlationId, decided, { expectedVersion: state.version });
      const end = waiter ? await endOf(waiter, correlationId, findProcess) : null;
      return { kind: 'retried', end: end && isEnded(end) ? end : null };
    } catch (error) {
      // It was archived a moment ago.
      if (error instanceof StreamArchivedError) return { kind: 'archived' };
      // A late step was journaled, or another retry came first: read again and decide anew.
      if (!(error instanceof VersionConflictError)) throw error;
    } finally {
      waiter?.cancel();
    }
  }
}
