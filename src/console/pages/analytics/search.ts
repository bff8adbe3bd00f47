import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { lengthOf, type Range, rangeOf } from '../../parts/range.tsx';
import { ZONE } from '../../parts/time.tsx';
import { useFilters } from '../../parts/use-filters.ts';
import type { Search } from '../../search.ts';

const route = getRouteApi('/analytics');

/** The filters in the URL. */
export type AnalyticsSearch = Search<
  'last' | 'from' | 'to' | 'bucket' | 'zone' | 'process' | 'step' | 'target' | 'by' | 'measure'
>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const REFRESH_INTERVAL_MS = 30_000;

export type Bucket = 'minute' | 'hour' | 'day';

/** The longest range for which each is offered: more points than a picture is wide help nobody. */
const BUCKETS: Record<Bucket, { title: string; upTo: number }> = {
  minute: { title: 'Minutes', upTo: 6 * HOUR_MS },
  hour: { title: 'Hours', upTo: 60 * DAY_MS },
  day: { title: 'Days', upTo: Number.POSITIVE_INFINITY },
};
/** The longest range for which each is the default. */
const BY_DEFAULT = { minute: HOUR_MS, hour: 8 * DAY_MS };

/** The buckets that suit a range. */
export function bucketsFor(range: Range): (readonly [Bucket, string])[] {
  const length = lengthOf(range);
  return (Object.entries(BUCKETS) as [Bucket, { title: string; upTo: number }][])
    .filter(([, { upTo }]) => length <= upTo)
    .map(([bucket, { title }]) => [bucket, title] as const);
}

/** The bucket that a URL asks for, if it suits the range, or the one that shows it best. */
export function bucketOf(asked: string | undefined, range: Range): Bucket {
  const suitable = bucketsFor(range).find(([bucket]) => bucket === asked);
  if (suitable) return suitable[0];
  const length = lengthOf(range);
  return length <= BY_DEFAULT.minute ? 'minute' : length <= BY_DEFAULT.hour ? 'hour' : 'day';
}

/** What a page of analytics asks for: all its pictures have the same range. */
export interface Question {
  range: Range;
  bucket: Bucket;
  timeZone: string;
  process?: string[];
  step?: string[];
  targetSystem?: string[];
}

/** The filters in the URL, and the question that they are; a range that ends now moves on. */
export function useQuestion() {
  const search = route.useSearch();
  const { set, clear } = useFilters<keyof AnalyticsSearch>();
  const now = useNow();
  const question = useMemo<Question>(() => {
    const range = rangeOf(search, now);
    const { process, step, target } = search;
    return {
      range,
      bucket: bucketOf(search.bucket, range),
      timeZone: search.zone ?? ZONE,
      ...(process === undefined ? {} : { process: [process] }),
      ...(step === undefined ? {} : { step: [step] }),
      ...(target === undefined ? {} : { targetSystem: [target === NO_TARGET ? '' : target] }),
    };
  }, [search, now]);
  return { search, set, clear, question };
}

/** In the URL: steps without a target system. */
export const NO_TARGET = '-';

function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setNow(Date.now());
    }, REFRESH_INTERVAL_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
