import type { EventStore } from './event-store.ts';
import type { ProcessRequested, StoredEvent } from './events.ts';
import { type FoundProcess, foldFound } from './fold-stream.ts';

/** All events of a process, and the state that they lead to: what decisions are made on. */
export interface ProcessStream {
  events: readonly StoredEvent[];
  /** Undefined when the stream has no events. */
  first: StoredEvent | undefined;
  state: FoundProcess | null;
}

export const EMPTY_STREAM: ProcessStream = { events: [], first: undefined, state: null };

/** @throws StoreUnavailableError */
export async function readProcess(
  eventStore: Pick<EventStore, 'readStream'>,
  correlationId: string,
): Promise<ProcessStream> {
  return processOf(await eventStore.readStream(correlationId));
}

/** @param events all events of a stream */
export function processOf(events: readonly StoredEvent[]): ProcessStream {
  return { events, first: events[0], state: foldFound(events) };
}

/** As `requestOf`, without reading the rest of the stream. */
export async function readRequest(
  eventStore: Pick<EventStore, 'readStream'>,
  correlationId: string,
): Promise<(StoredEvent & ProcessRequested) | null> {
  return requestOf(processOf(await eventStore.readStream(correlationId, { limit: 1 })));
}

/** The request that a process began with; null for a stream that nobody requested. */
export function requestOf({ first }: ProcessStream): (StoredEvent & ProcessRequested) | null {
  return first?.type === 'process-requested' ? first : null;
}
