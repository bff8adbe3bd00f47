import { useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import type { Search } from '../search.ts';

/** The filters in the URL of the view that is open: to change some of them, or to clear all. */
export function useFilters<Name extends string>(): {
  set(change: Search<Name>): void;
  clear(): void;
} {
  const navigate = useNavigate();
  // Each view has other filters; `validateSearch` of its route keeps those that it knows.
  const go = useCallback(
    (search: (now: object) => object) =>
      void navigate({
        to: '.',
        search: search as never,
        // The way back leads to the view before, not through each filter.
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  );
  const set = useCallback((change: Search<Name>) => go((now) => ({ ...now, ...change })), [go]);
  const clear = useCallback(() => go(() => ({})), [go]);
  return { set, clear };
}
