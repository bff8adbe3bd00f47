import type { Mark, Tone } from '../../parts/diagram/diagram.tsx';
import { readableCount, readableDuration, readableShare } from '../../parts/time.tsx';
import type { Activity } from './stats.ts';

export interface Measure {
  title: string;
  tone: Tone;
  of(activity: Activity): number | null;
  readable(value: number): string;
}

/** What a heat map can show. */
export const MEASURES = {
  count: {
    title: 'Attempts',
    tone: 'accent',
    of: ({ count }) => count,
    readable: readableCount,
  },
  errorRate: {
    title: 'Error rate',
    tone: 'wrong',
    of: ({ count, errorRate }) => (count === 0 ? null : errorRate),
    readable: readableShare,
  },
  p50: {
    title: 'Duration, p50',
    tone: 'wait',
    of: ({ p50Ms }) => p50Ms,
    readable: readableDuration,
  },
  p95: {
    title: 'Duration, p95',
    tone: 'wait',
    of: ({ p95Ms }) => p95Ms,
    readable: readableDuration,
  },
  open: {
    title: 'Open now',
    tone: 'ok',
    of: ({ open }) => (open === 0 ? null : open),
    readable: readableCount,
  },
} as const satisfies Record<string, Measure>;

export type MeasureName = keyof typeof MEASURES;

/** The measure that a URL asks for; the attempts by default. */
export const measureOf = (name: string | undefined): MeasureName =>
  name !== undefined && Object.hasOwn(MEASURES, name) ? (name as MeasureName) : 'count';

const LEVELS = 5;

/** The largest value of a measure: it has the deepest colour. */
export function largestOf(measure: Measure, activities: readonly Activity[]): number {
  return Math.max(0, ...activities.map((activity) => measure.of(activity) ?? 0));
}

/** The colours and figures of a heat map. */
export function heatOf(measure: Measure, activities: readonly Activity[], largest: number): Mark[] {
  return activities.flatMap((activity) => {
    const value = measure.of(activity);
    if (value === null) return [];
    const { activityId, incidents } = activity;
    const title = `${measure.title}: ${measure.readable(value)}`;
    const isStuck = measure === MEASURES.open && incidents > 0;
    const tone: Tone = isStuck ? 'wrong' : measure.tone;
    const level = largest === 0 ? 0 : Math.ceil((value / largest) * LEVELS);
    return [
      {
        activityId,
        ...(level > 0 ? { tone, heat: level as NonNullable<Mark['heat']> } : {}),
        badge: {
          text: measure.readable(value),
          title: isStuck ? `${title}, ${incidents} cannot continue by themselves` : title,
          tone: level > 0 ? tone : 'quiet',
        },
      },
    ];
  });
}
