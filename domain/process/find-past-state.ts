import type { Timestamp } from '../common/index.ts';
import type { EventStore } from './event-store.ts';
import { isFinal, type StoredEvent } from './events.ts';
import type { FoundProcess } from './fold-stream.ts';
import { evolve, isEnded, type ProcessState } from './process-state.ts';

/** A moment in the life of a process: behind one of its events, or a time, that time included. */
export type Moment = { version: number } | { time: Timestamp };

export type PastState =
  | { kind: 'found'; state: FoundProcess }
  /** The process began after the time. */
  | { kind: 'before-start'; startedAt: Timestamp }
  /** It has not come to the version. */
  | { kind: 'beyond-end'; lastVersion: number }
  | { kind: 'never-seen' };

/** Events that are read at once, and bytes of them. */
const PAGE = 100;
const maxBytes = 1_000_000;

/**
 * The state of a process as it was, live or archived, folded from its events up to that moment. No event
 * behind it is read but those that come with it.
 */
export async function findPastState(
  eventStore: Pick<EventStore, 'pageStream'>,
  correlationId: string,
  moment: Moment,
): Promise<PastState> {
  let state: ProcessState | null = null;
  let end: StoredEvent | null = null;
  let archivedAt: Timestamp | undefined;
  const found = (past: ProcessState): PastState => ({
    kind: 'found',
    state: {
      ...past,
      ...(archivedAt === undefined ? {} : { archivedAt }),
      ...(end?.erased && isEnded(past) ? { erased: true as const } : {}),
    },
  });
  for (let afterVersion = 0; ; ) {
    const limit = 'version' in moment ? Math.min(PAGE, moment.version - afterVersion) : PAGE;
    const page = await eventStore.pageStream(correlationId, { afterVersion, limit, maxBytes });
    for (const event of page.items) {
      if ('time' in moment && event.createdAt > moment.time) {
        return state ? found(state) : { kind: 'before-start', startedAt: event.createdAt };
      }
      state = evolve(state, event);
      if (isFinal(event.type)) end = event;
      archivedAt ??= event.archivedAt;
      if ('version' in moment && event.version === moment.version) return found(state);
    }
    // A page that ends at the version is not the end of what there is.
    afterVersion = page.items.at(-1)?.version ?? afterVersion;
    if (page.atEnd) break;
  }
  if (!state) return { kind: 'never-seen' };
  return 'version' in moment ? { kind: 'beyond-end', lastVersion: state.version } : found(state);
}
