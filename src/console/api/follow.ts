import { useEffect, useRef } from 'react';
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

interface Follower<Event> {
  /** `id` resumes after this event. */
  onEvent(event: Event, id: string): void;
  /** The connection is open or lost; a lost one is opened again. */
  onState?(isOpen: boolean): void;
}

/**
 * Follows a stream of server-sent events. After a lost connection it resumes after the last event that arrived.
 *
 * @param urlAfter the URL of the stream after the event with this id; null at the beginning
 * @returns ends it
 */
export function follow<Event>(
  urlAfter: (id: string | null) => string,
  { onEvent, onState }: Follower<Event>,
): () => void {
  let last: string | null = null;
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function open(): void {
    source = new EventSource(urlAfter(last));
    source.onopen = () => onState?.(true);
    source.onerror = () => {
      onState?.(false);
      probe();
      // The browser connects again by itself, except after an answer that is not a stream.
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, RECONNECT_DELAY_MS);
    };
    for (const name of EVENT_TYPES) {
      source.addEventListener(name, ({ data, lastEventId }: MessageEvent<string>) => {
        last = lastEventId;
        onEvent(JSON.parse(data) as Event, lastEventId);
      });
    }
  }

  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}

/**
 * Follows a stream while the component is shown.
 *
 * @param url null: follows nothing
 * @param resume the parameter of the query that resumes after an event
 */
export function useFollow<Event>(
  url: string | null,
  resume: 'cursor' | 'afterVersion',
  onEvent: (event: Event, id: string) => void,
): void {
  const latest = useRef(onEvent);
  latest.current = onEvent;
  useEffect(() => {
    if (url === null) return;
    const urlAfter = (id: string | null) => (id === null ? url : withParameter(url, resume, id));
    return follow<Event>(urlAfter, { onEvent: (event, id) => latest.current(event, id) });
  }, [url, resume]);
}

/** The same URL with this parameter in its query. */
export function withParameter(url: string, name: string, value: string): string {
  const next = new URL(url, location.origin);
  next.searchParams.set(name, value);
  return `${next.pathname}${next.search}`;
}
