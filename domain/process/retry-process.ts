import { StreamArchivedError } from '../common/index.ts';
import { decide } from './decide.ts';
import type { EventStore } from './event-store.ts';
import type { FindProcess } from './find-process.ts';
import { handleCommand } from './handle-command.ts';
import { isEnded, isRetryable, type ProcessState } from './process-state.ts';
import type { ProcessStream } from './process-stream.ts';
import { type CallerWait, endOf, openWaiter } from './wait-for-end.ts';
import type { Waiter, Waitroom } from './waitroom.ts';

interface RetryRequest {
  correlationId: string;
  /** Why, for the audit trail. */
  reason: string;
  /** Who asks for it. */
  actor: string;
  wait: CallerWait;
  /** The run of a bulk action that asks for it, and the key of its event. */
  bulk?: { id: string; dedupeKey: string };
}

export type RetryAnswer =
  | { kind: 'retried'; end: ProcessState | null }
  /** Pending, or ended in a way that a retry does not change. */
  | { kind: 'refused'; state: ProcessState }
  | { kind: 'archived' }
  /** What it was started with is erased. */
  | { kind: 'erased' }
  | { kind: 'unknown' };

interface RetryPorts {
  eventStore: EventStore;
  waitroom: Waitroom;
  findProcess: FindProcess;
}

const audit = {
  httpMethod: 'POST',
  endpoint: '/api/process/:correlationId/retry',
  httpStatusCode: 202,
};

/**
 * Retries a process that failed for a technical reason, and waits for its new end. The waiter is registered
 * before the commit (G6) and does not take a late notification of the old end for the new one.
 *
 * @throws StoreUnavailableError with nothing written
 */
export async function retryProcess(
  { correlationId, reason, actor, wait, bulk }: RetryRequest,
  { eventStore, waitroom, findProcess }: RetryPorts,
): Promise<RetryAnswer> {
  let waiter: Waiter | undefined;
  try {
    const handled = await handleCommand(
      correlationId,
      (stream) => {
        const { first, state } = stream;
        if (!first || refusalOf(stream)) return [];
        const { processName, identity } = first;
        return decide(
          {
            type: 'retry-process',
            ...{ processName, identity, audit, actor, reason },
            ...(bulk && { bulkId: bulk.id, dedupeKey: bulk.dedupeKey }),
          },
          state,
        );
      },
      eventStore,
      { beforeAppend: registerWaiter },
    );
    if (handled.kind === 'nothing') return refusalOf(handled.stream) ?? { kind: 'unknown' };
    const end = waiter ? await endOf(waiter, correlationId, findProcess) : null;
    return { kind: 'retried', end: end && isEnded(end) ? end : null };
  } catch (error) {
    // It was archived a moment ago.
    if (error instanceof StreamArchivedError) return { kind: 'archived' };
    throw error;
  } finally {
    waiter?.cancel();
  }

  /** After a conflict the process has moved on, and so has the version behind which an end is the new one. */
  function registerWaiter({ state }: ProcessStream): void {
    waiter?.cancel();
    waiter = openWaiter(waitroom, correlationId, wait, (state?.version ?? 0) + 1);
  }
}

/** Why a process is not retried; null when it is. */
function refusalOf({ first, state }: ProcessStream): RetryAnswer | null {
  if (!first || !state) return { kind: 'unknown' };
  if (first.archivedAt) return { kind: 'archived' };
  if (first.erased) return { kind: 'erased' };
  return isRetryable(state) ? null : { kind: 'refused', state };
}
