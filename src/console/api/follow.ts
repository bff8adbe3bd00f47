import { useEffect, useRef } from 'react';
import { createClient } from '../../client/index.ts';
import type { ProcessEvent } from './client.ts';
import { probe } from './connection.ts';

/** The names of the events in a stream; the compiler reports one that is missing. */
const NAMES: Record<ProcessEvent['type'], true> = {
  'process-requested': true,
  'process-started': true,
  'step-completed': true,
  'step-failed': true,
  'process-completed': true,
  'process-failed': true,
  'process-cancelled': true,
  'process-retried': true,
  'message-delivered': true,
};

export const EVENT_TYPES = Object.keys(NAMES) as ProcessEvent['type'][];

const RECONNECT_DELAY_MS = 3_000;

/** Without retries of its own: a lost connection shows at once. */
const client = createClient({ baseUrl: location.origin, retries: 0 });

interface Follower<Event> {
  /** `id` resumes after this event. */
  onEvent(event: Event, id: string): void;
  /** The connection is open or lost; a lost one is opened again. */
  onState?(isOpen: boolean): void;
}

/**
 * Follows a stream of server-sent events. After a lost connection it resumes after the last event that arrived.
 *
 * @returns ends it
 */
export function follow<Event>(url: string, { onEvent, onState }: Follower<Event>): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  let lastEventId: string | null = null;

  function report(isOpen: boolean): void {
    if (signal.aborted) return;
    onState?.(isOpen);
    if (!isOpen) probe();
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        const events = client.follow<Event>(url, { lastEventId, signal, onState: report });
        for await (const { id, event } of events) {
          if (signal.aborted) return;
          lastEventId = id;
          onEvent(event, id);
        }
        return;
      } catch {
        // The service refuses, for instance because the session is over: `probe` and the page find out.
        report(false);
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_DELAY_MS));
      }
    }
  }

  void run();
  return () => ending.abort();
}

/**
 * Follows a stream while the component is shown.
 *
 * @param url null: follows nothing
 */
export function useFollow<Event>(
  url: string | null,
  onEvent: (event: Event, id: string) => void,
): void {
  const latest = useRef(onEvent);
  latest.current = onEvent;
  useEffect(() => {
    if (url === null) return;
    return follow<Event>(url, { onEvent: (event, id) => latest.current(event, id) });
  }, [url]);
}
