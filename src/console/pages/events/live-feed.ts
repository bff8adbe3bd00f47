import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { api, bodyOf, type Schemas } from '../../api/client.ts';
import { useConnectionLost } from '../../api/connection.ts';
import { follow } from '../../api/follow.ts';
import { UnreachableError } from '../../api/problem.ts';
import { sessionQuery } from '../../api/session.ts';
import { type EventsSearch, queryOf, urlOf } from './filter.ts';

export type FeedEvent = Schemas['FedEvent'];

/** Events that are shown; older ones make room. */
export const MAX_SHOWN = 500;
/** While it is paused, so many wait in the page; the others wait in the service. */
const MAX_WAITING = 500;
/** Events come in bursts; the page shows them at most this often. */
const SHOW_INTERVAL_MS = 250;

const MINUTE_MS = 60_000;
/** How far back the feed begins: as far as all events from there on can be shown. */
const BEGINNINGS_MS = [24 * 60, 4 * 60, 60, 15, 4, 1, 0.25].map((minutes) => minutes * MINUTE_MS);

export interface Feed {
  /** The last first. */
  events: readonly FeedEvent[];
  /** Came since it was paused; `isMore`: and there are more. */
  waiting: { count: number; isMore: boolean };
  /** All events that fit the filters from here on were shown. */
  since: string | null;
  isOpen: boolean;
  error: unknown;
}

export interface LiveFeed extends Feed {
  /** Begins again. */
  retry(): void;
}

const NOTHING: Feed = {
  events: [],
  waiting: { count: 0, isMore: false },
  since: null,
  isOpen: false,
  error: null,
};

/**
 * The events that fit the filters, from the recent ones on. Paused, it keeps the place where it stands: resumed, it
 * continues with the next event.
 *
 * @param search without times: another object begins again
 */
export function useLiveFeed(search: EventsSearch, isPaused: boolean): LiveFeed {
  const [feed, setFeed] = useState<Feed>(NOTHING);
  const [attempt, setAttempt] = useState(0);
  const reader = useRef<FeedReader | null>(null);

  useEffect(() => {
    setFeed(NOTHING);
    const created = createFeedReader(search, setFeed);
    reader.current = created;
    return created.stop;
  }, [search, attempt]);
  useEffect(() => reader.current?.setPaused(isPaused), [isPaused, search, attempt]);

  const retry = useCallback(() => setAttempt((count) => count + 1), []);
  const isLost = useConnectionLost();
  const isUnreachable = feed.error instanceof UnreachableError;
  useEffect(() => {
    if (isUnreachable && !isLost) retry();
  }, [isUnreachable, isLost, retry]);
  useSessionCheck(!feed.isOpen || feed.error !== null);
  return { ...feed, retry };
}

/** A stream that ended does not say that the session has: asks, and the sign-in page shows to a reader without one. */
function useSessionCheck(isOver: boolean): void {
  const client = useQueryClient();
  useEffect(() => {
    if (isOver) void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
  }, [isOver, client]);
}

interface FeedReader {
  setPaused(isPaused: boolean): void;
  stop(): void;
}

function createFeedReader(search: EventsSearch, onChange: (feed: Feed) => void): FeedReader {
  const ending = new AbortController();
  let feed: Feed = NOTHING;
  let isPaused = false;
  let shown: FeedEvent[] = [];
  let waiting: FeedEvent[] = [];
  /** Behind the last event that arrived; null: the beginning is being looked for. */
  let cursor: string | null = null;
  let filters = search;
  let endFollowing: (() => void) | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function report(change: Partial<Feed>): void {
    if (ending.signal.aborted) return;
    feed = { ...feed, ...change };
    onChange(feed);
  }

  function show(): void {
    timer = undefined;
    if (isPaused) {
      report({ waiting: { count: waiting.length, isMore: endFollowing === null } });
      return;
    }
    shown = [...waiting.reverse(), ...shown].slice(0, MAX_SHOWN);
    waiting = [];
    report({ events: shown, waiting: NOTHING.waiting });
  }

  function take(event: FeedEvent, id: string): void {
    cursor = id;
    waiting.push(event);
    if (isPaused && waiting.length >= MAX_WAITING) stopFollowing();
    timer ??= setTimeout(show, SHOW_INTERVAL_MS);
  }

  function startFollowing(): void {
    if (cursor === null || endFollowing || ending.signal.aborted) return;
    endFollowing = follow<FeedEvent>(urlOf(filters, { cursor }), {
      onEvent: take,
      onState: (isOpen) => report({ isOpen }),
    });
  }

  function stopFollowing(): void {
    endFollowing?.();
    endFollowing = null;
  }

  async function begin(): Promise<void> {
    const found = await findBeginning(search, ending.signal);
    if (ending.signal.aborted) return;
    ({ filters, cursor } = found);
    waiting = found.events;
    report({ since: found.filters.from ?? null });
    startFollowing();
    show();
  }

  begin().catch((error: unknown) => report({ error }));
  return {
    setPaused(paused) {
      isPaused = paused;
      if (!paused) startFollowing();
      if (cursor !== null) show();
    },
    stop() {
      ending.abort();
      clearTimeout(timer);
      stopFollowing();
    },
  };
}

/** The feed has no way back: pages from ever later times, until one reaches the end. */
async function findBeginning(search: EventsSearch, signal: AbortSignal) {
  for (const ago of BEGINNINGS_MS) {
    const filters = { ...search, from: new Date(Date.now() - ago).toISOString() };
    const query = { ...queryOf(filters), limit: MAX_SHOWN };
    const page = await bodyOf(api.GET('/api/events', { params: { query }, signal }));
    if (page.atEnd) return { filters, events: page.events, cursor: page.nextCursor };
  }
  // Too much happens for a look back.
  return { filters: search, events: [], cursor: 'latest' };
}
