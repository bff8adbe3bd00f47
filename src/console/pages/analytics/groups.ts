import { readableCount, readableDuration, readableShare } from '../../parts/time.tsx';
import type { StepsRow } from './answers.ts';

/** What attempts at steps are grouped by. */
export const GROUPINGS = {
  step: {
    title: 'Step',
    groupBy: ['process', 'step'],
    nameOf: ({ process, step }) => `${process} · ${step}`,
  },
  process: { title: 'Process', groupBy: ['process'], nameOf: ({ process }) => process ?? '–' },
  target: {
    title: 'Target system',
    groupBy: ['targetSystem'],
    nameOf: ({ targetSystem }) => targetSystem ?? 'none',
  },
} as const satisfies Record<string, Grouping>;

interface Grouping {
  title: string;
  groupBy: readonly ('process' | 'step' | 'targetSystem')[];
  nameOf(row: StepsRow): string;
}

export type GroupingName = keyof typeof GROUPINGS;

interface Measure {
  title: string;
  of(row: StepsRow): number | null;
  readable(value: number): string;
}

/** What a picture of groups shows. */
export const GROUP_MEASURES = {
  p95: { title: 'Duration, p95', of: ({ p95Ms }) => p95Ms, readable: readableDuration },
  p50: { title: 'Duration, p50', of: ({ p50Ms }) => p50Ms, readable: readableDuration },
  p99: { title: 'Duration, p99', of: ({ p99Ms }) => p99Ms, readable: readableDuration },
  count: { title: 'Attempts', of: ({ count }) => count, readable: readableCount },
  errorRate: { title: 'Error rate', of: ({ errorRate }) => errorRate, readable: readableShare },
} as const satisfies Record<string, Measure>;

export type GroupMeasureName = keyof typeof GROUP_MEASURES;

/** The entry of a record that a URL asks for, or another one. */
export function nameIn<Names extends string>(
  record: Record<Names, unknown>,
  asked: string | undefined,
  byDefault: Names,
): Names {
  return asked !== undefined && Object.hasOwn(record, asked) ? (asked as Names) : byDefault;
}
