import { unreachable } from '../process/index.ts';
import type { Analysis, Durations, ProcessEventType, ProcessGroup, Tally } from './analytics.ts';

/** The ends of a process, as callers name them. */
export const ENDS = ['completed', 'failed', 'cancelled'] as const;
type End = (typeof ENDS)[number];

/** What a group is called in an answer; null for a target system or a message that is not there. */
type Names<Group extends string> = Partial<Record<Group, string | null>>;

interface Line<Group extends string> {
  slice: number;
  names: Names<Group>;
  tally: Tally<string>;
}

/** The groups with the most events in the whole range, and whether there are more; in each slice in that order. */
export function largestGroups<Group extends string>(
  tallies: readonly Tally<Group>[],
  limit: number,
): { lines: Line<Group>[]; groups: number; truncated: boolean } {
  const totals = new Map<string, number>();
  const nameOf = ({ group }: Tally<Group>): string => JSON.stringify(Object.values(group));
  for (const tally of tallies) {
    const name = nameOf(tally);
    totals.set(name, (totals.get(name) ?? 0) + tally.count);
  }
  const ranked = [...totals].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  const ranks = new Map(ranked.slice(0, limit).map(([name], rank) => [name, rank]));
  const lines = tallies
    .flatMap((tally) => {
      const rank = ranks.get(nameOf(tally));
      return rank === undefined ? [] : [{ tally, rank }];
    })
    .sort((a, b) => a.tally.slice - b.tally.slice || a.rank - b.rank)
    .map(({ tally }) => ({
      slice: tally.slice,
      names: Object.fromEntries(
        Object.entries<string>(tally.group).map(([group, name]) => [
          group,
          name === '' ? null : name,
        ]),
      ) as Names<Group>,
      tally,
    }));
  return { lines, groups: ranks.size, truncated: totals.size > ranks.size };
}

/** The numbers of a step's line. */
export function stepNumbers(tally: Tally<string>) {
  const { count, errors } = tally;
  return { count, errors, errorRate: errors / count, ...durationsOf(tally) };
}

export function durationsOf({ timed, minMs, avgMs, maxMs, p50Ms, p95Ms, p99Ms }: Durations) {
  return {
    timed,
    minMs: rounded(minMs),
    avgMs: rounded(avgMs),
    maxMs: rounded(maxMs),
    p50Ms: rounded(p50Ms),
    p95Ms: rounded(p95Ms),
    p99Ms: rounded(p99Ms),
  };
}

/** To a thousandth: more digits would say more than is known. */
function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 1_000) / 1_000;
}

/** What happened in a bucket. */
export interface Flow {
  started: number;
  completed: number;
  failed: number;
  cancelled: number;
  finished: number;
  retried: number;
}

/** Starts and ends for every bucket, also where there were none; `process` null: of all together. */
export function flows(
  { tallies }: Analysis<ProcessGroup>,
  slices: number,
  byProcess: boolean,
): { process: string | null; buckets: Flow[] }[] {
  const found = new Map<string | null, Flow[]>();
  const of = (process: string | null): Flow[] => {
    const known = found.get(process);
    if (known) return known;
    const none = { started: 0, completed: 0, failed: 0, cancelled: 0, finished: 0, retried: 0 };
    const made = Array.from({ length: slices }, () => ({ ...none }));
    found.set(process, made);
    return made;
  };
  if (!byProcess) of(null);
  for (const { slice, group, count } of tallies) {
    const flow = of(byProcess ? group.process : null)[slice];
    if (flow) add(flow, group.eventType as ProcessEventType, count);
  }
  return [...found]
    .map(([process, buckets]) => ({ process, buckets }))
    .sort((a, b) => ((a.process ?? '') < (b.process ?? '') ? -1 : 1));
}

function add(flow: Flow, type: ProcessEventType, count: number): void {
  switch (type) {
    case 'process-requested':
      flow.started += count;
      return;
    case 'process-retried':
      flow.retried += count;
      return;
    case 'process-completed':
    case 'process-failed':
    case 'process-cancelled':
      flow[endOf(type)] += count;
      flow.finished += count;
      return;
    default:
      unreachable(type);
  }
}

/** The end that an event is. */
export function endOf(type: string): End {
  return type.slice('process-'.length) as End;
}
