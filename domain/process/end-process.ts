import { VersionConflictError } from '../common/index.ts';
import { type Command, decide, type Outcome } from './decide.ts';
import type { EventStore } from './event-store.ts';
import type { Audit } from './events.ts';
import { type FoundProcess, foldFound } from './fold-stream.ts';
import { fold } from './process-state.ts';

export type EndAnswer =
  | { kind: 'done'; state: FoundProcess }
  | { kind: 'already-ended'; state: FoundProcess }
  | { kind: 'unknown' };

export type EndRequest = (
  | { type: 'end-process'; outcome: Outcome }
  | { type: 'cancel-process'; reason: string }
) & {
  /** Who ends it. */
  actor: string;
  audit: Audit;
};

/**
 * Ends or cancels a pending process by decision of a caller. The version read is the version
 * expected, so of two ends at the same moment one wins and the other is told.
 *
 * @throws StoreUnavailableError
 */
export async function endProcess(
  correlationId: string,
  request: EndRequest,
  eventStore: EventStore,
): Promise<EndAnswer> {
  for (;;) {
    const events = await eventStore.readStream(correlationId);
    const first = events[0];
    const state = foldFound(events);
    if (!first || !state) return { kind: 'unknown' };
    const command: Command = {
      ...request,
      processName: first.processName,
      identity: first.identity,
    };
    const decided = decide(command, state);
    if (decided.length === 0) return { kind: 'already-ended', state };
    try {
      const { events: stored } = await eventStore.append(correlationId, decided, {
        expectedVersion: state.version,
      });
      return { kind: 'done', state: fold(stored, state) ?? state };
    } catch (error) {
      // A step was journaled in between: read again and decide anew.
      if (!(error instanceof VersionConflictError)) throw error;
    }
  }
}
