import { decide, type Outcome } from './decide.ts';
import type { EventStore } from './event-store.ts';
import type { Audit } from './events.ts';
import type { FoundProcess } from './fold-stream.ts';
import { type HandleOptions, handleCommand } from './handle-command.ts';
import type { ProcessStream } from './process-stream.ts';

type EndRequest = (
  | { type: 'end-process'; outcome: Outcome }
  | { type: 'cancel-process'; reason: string; bulkId?: string; dedupeKey?: string }
) & {
  /** Who ends it, when a caller does. */
  actor?: string;
  audit?: Audit;
};

export type EndAnswer =
  | { kind: 'done'; state: FoundProcess }
  | { kind: 'already-ended'; state: FoundProcess }
  | { kind: 'unknown' };

/**
 * Ends or cancels a pending process: for callers, the reconciler and steps. Of two ends at the same moment one wins,
 * and the other finds the process ended.
 *
 * @throws VersionConflictError with `onConflict: 'throw'` only
 * @throws StoreUnavailableError
 */
export async function endProcess(
  correlationId: string,
  request: EndRequest,
  eventStore: EventStore,
  options: Pick<HandleOptions, 'onConflict'> & { from?: ProcessStream } = {},
): Promise<EndAnswer> {
  const handled = await handleCommand(
    correlationId,
    ({ first, state }) => {
      if (!first) return [];
      const { processName, identity } = first;
      return decide({ ...request, processName, identity }, state);
    },
    eventStore,
    options,
  );
  if (handled.kind === 'appended' && handled.state) return { kind: 'done', state: handled.state };
  const state = handled.kind === 'nothing' ? handled.stream.state : null;
  return state ? { kind: 'already-ended', state } : { kind: 'unknown' };
}
