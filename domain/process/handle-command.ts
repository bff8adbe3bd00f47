import { VersionConflictError } from '../common/index.ts';
import type { EventStore } from './event-store.ts';
import type { ProcessEvent, StoredEvent } from './events.ts';
import { type FoundProcess, foldFound } from './fold-stream.ts';
import { EMPTY_STREAM, type ProcessStream, readProcess } from './process-stream.ts';

/** Says which events a command causes in a process; none when there is nothing to do. Pure: it may run twice. */
type Decide = (stream: ProcessStream) => readonly ProcessEvent[];

export interface HandleOptions {
  /**
   * What is decided on first; left out: the stream as it is read now.
   * - a stream that the caller has read;
   * - `new`: an empty stream, so that a start costs no read;
   * - `any`: nothing, because the events are true in whatever state the process is. They are appended at the end of
   *   the stream, so there is no conflict.
   */
  from?: ProcessStream | 'new' | 'any' | undefined;
  /**
   * What follows when somebody else appended since the stream was read:
   * - `decide-again` (the default): reads the stream and decides on what it says now;
   * - `throw`: for a decision on what the engine said, too. Only the caller can ask the engine again, or give up.
   */
  onConflict?: 'decide-again' | 'throw';
  /** Called before each append with the stream that was decided on. */
  beforeAppend?: (stream: ProcessStream) => void;
}

type Handled =
  /** `state` is the state after the events; null when none was known before them (`any`). */
  | { kind: 'appended'; events: readonly StoredEvent[]; state: FoundProcess | null }
  /** The dedupe key of the first event is known: nothing was written, `event` has the key, in whatever stream. */
  | { kind: 'duplicate'; event: StoredEvent }
  /** There was nothing to do in the process as `stream` has it. */
  | { kind: 'nothing'; stream: ProcessStream };

/**
 * Changes a process: reads its stream, decides on it, and appends the events at the version that was read. Of two
 * commands at the same moment one is first, and the other is decided on what the first has made of the process.
 *
 * @throws VersionConflictError with `onConflict: 'throw'` only
 * @throws StreamArchivedError, StoreUnavailableError as `EventStore.append` does
 */
export async function handleCommand(
  correlationId: string,
  decide: Decide,
  eventStore: EventStore,
  { from, onConflict = 'decide-again', beforeAppend }: HandleOptions = {},
): Promise<Handled> {
  let stream =
    from === 'new' || from === 'any'
      ? EMPTY_STREAM
      : (from ?? (await readProcess(eventStore, correlationId)));
  for (;;) {
    const decided = decide(stream);
    if (decided.length === 0) return { kind: 'nothing', stream };
    beforeAppend?.(stream);
    const expected = from === 'any' ? {} : { expectedVersion: stream.state?.version ?? 0 };
    try {
      const { events, duplicate } = await eventStore.append(correlationId, decided, expected);
      const [first] = events;
      if (duplicate && first) return { kind: 'duplicate', event: first };
      const state = from === 'any' ? null : foldFound(events, stream.state);
      return { kind: 'appended', events, state };
    } catch (error) {
      if (!(error instanceof VersionConflictError) || onConflict === 'throw') throw error;
      stream = await readProcess(eventStore, correlationId);
    }
  }
}
