import type { Timestamp } from '../common/index.ts';
import { type EventType, isFinal } from '../process/index.ts';
import { addValue, type Histogram, mergeInto } from './histogram.ts';

export const DAY_IN_MINUTES = 1_440;
/** Lengths of the buckets in minutes, of the steps and of the processes; each divides the next. */
export const STEP_GRAINS = [15, 60, 360, DAY_IN_MINUTES, 30 * DAY_IN_MINUTES] as const;
export const PROCESS_GRAINS = [1, ...STEP_GRAINS] as const;
/** Events of these types are counted for their process; those of steps for their step. */
export const PROCESS_EVENTS: ReadonlySet<EventType> = new Set<EventType>([
  'process-requested',
  'process-completed',
  'process-failed',
  'process-cancelled',
  'process-retried',
]);

/** Code points of an error message that are kept. */
const MESSAGE_LENGTH = 300;
const MINUTE_MS = 60_000;

/** What the rollups need to know of an event. */
export interface RollupEvent {
  type: EventType;
  processName: string;
  stepName: string;
  /** '' for none. */
  targetSystem: string;
  /** Of a failed step, as `shortMessage` makes it, and a hash of that. */
  error: { key: string; message: string } | null;
  /** Milliseconds that the step took. */
  executionTime: number | null;
  createdAt: Timestamp;
  /** Of a final event: when its process was requested, or was to begin after that. */
  requestedAt: Timestamp | null;
}

/** Counts of events, and of the durations that some of them have, in milliseconds. */
export interface Measures {
  eventCount: number;
  timedCount: number;
  sumMs: number;
  /** Null without a duration. */
  minMs: number | null;
  maxMs: number | null;
  histogram: Histogram;
}

/** All attempts at a step in a bucket, whatever came of them. */
export interface StepGroup {
  grain: number;
  bucketStart: Timestamp;
  processName: string;
  stepName: string;
  targetSystem: string;
}

export interface StepDelta extends StepGroup {
  status: 'ok' | 'error';
  /** '' and null for `ok`. */
  errorKey: string;
  errorMessage: string | null;
  /** The day of the events. A bucket of several days has a delta for each day of an error. */
  day: Timestamp;
  measures: Measures;
}

export interface ProcessDelta {
  grain: number;
  bucketStart: Timestamp;
  processName: string;
  eventType: EventType;
  measures: Measures;
}

/** What some events add to the rollups. */
export interface RollupDeltas {
  /** Those of an event that comes first are first. */
  steps: StepDelta[];
  processes: ProcessDelta[];
}

/** What the events add, one delta for each row of the rollups that they touch, or for each day of an error. */
export function deltasOf(events: readonly RollupEvent[]): RollupDeltas {
  const steps = new Map<string, StepDelta>();
  const processes = new Map<string, ProcessDelta>();
  const bucketOf = createBucketOf();
  for (const event of events) {
    const { type, processName, stepName, targetSystem } = event;
    const createdAt = Date.parse(event.createdAt);
    if (type === 'step-completed' || type === 'step-failed') {
      const grain = STEP_GRAINS[0];
      const error = type === 'step-failed' ? event.error : null;
      const delta: Omit<StepDelta, 'measures'> = {
        ...{ grain, bucketStart: bucketOf(createdAt, grain), processName, stepName, targetSystem },
        status: type === 'step-failed' ? 'error' : 'ok',
        errorKey: error?.key ?? '',
        errorMessage: error?.message ?? null,
        day: bucketOf(createdAt, DAY_IN_MINUTES),
      };
      count(deltaIn(steps, stepKey(delta), delta).measures, event.executionTime);
    } else if (PROCESS_EVENTS.has(type)) {
      const grain = PROCESS_GRAINS[0];
      const bucketStart = bucketOf(createdAt, grain);
      const delta = { grain, bucketStart, processName, eventType: type };
      count(deltaIn(processes, processKey(delta), delta).measures, durationOf(event));
    }
  }
  return {
    steps: inAllGrains([...steps.values()], STEP_GRAINS, stepSums),
    processes: inAllGrains([...processes.values()], PROCESS_GRAINS, processSums),
  };
}

/** These of the shortest grain, and their sums in each longer one. */
function inAllGrains<Delta>(
  shortest: Delta[],
  grains: readonly number[],
  sumsIn: (deltas: readonly Delta[], grain: number) => Delta[],
): Delta[] {
  const all = [shortest];
  for (const grain of grains.slice(1)) all.push(sumsIn(all.at(-1) ?? [], grain));
  return all.flat();
}

/** The sums of deltas in buckets of a longer grain, in their order. */
export function stepSums(deltas: readonly StepDelta[], grain: number): StepDelta[] {
  return sums(deltas, grain, stepKey);
}

/** The same for processes. */
export function processSums(deltas: readonly ProcessDelta[], grain: number): ProcessDelta[] {
  return sums(deltas, grain, processKey);
}

function sums<Delta extends StepDelta | ProcessDelta>(
  deltas: readonly Delta[],
  grain: number,
  keyOf: (delta: Delta) => string,
): Delta[] {
  const bucketOf = createBucketOf();
  const found = new Map<string, Delta>();
  for (const delta of deltas) {
    const bucketStart = bucketOf(Date.parse(delta.bucketStart), grain);
    const longer = { ...delta, grain, bucketStart };
    add(deltaIn(found, keyOf(longer), longer).measures, delta.measures);
  }
  return [...found.values()];
}

function stepKey(delta: Omit<StepDelta, 'measures'>): string {
  const { grain, bucketStart, processName, stepName, targetSystem, status, errorKey, day } = delta;
  const one = [grain, bucketStart, processName, stepName, targetSystem, status, errorKey];
  return JSON.stringify(status === 'error' ? [...one, day] : one);
}

function processKey(delta: Omit<ProcessDelta, 'measures'>): string {
  const { grain, bucketStart, processName, eventType } = delta;
  return JSON.stringify([grain, bucketStart, processName, eventType]);
}

/**
 * Gives the start of the bucket of UTC in which a time lies, in milliseconds since 1970. It remembers the last one of
 * each grain: of events in the order of the feed nearly all are in that.
 */
export function createBucketOf(): (time: number, grain: number) => Timestamp {
  const last = new Map<number, { from: number; text: Timestamp }>();
  return (time, grain) => {
    const length = grain * MINUTE_MS;
    const from = Math.floor(time / length) * length;
    let bucket = last.get(grain);
    if (bucket?.from !== from) {
      bucket = { from, text: new Date(from).toISOString() };
      last.set(grain, bucket);
    }
    return bucket.text;
  };
}

/** As much of an error message as the rollups keep; never half of a character. */
export function shortMessage(message: string): string {
  // A character has two code units at most.
  const points = Array.from(message.slice(0, 2 * MESSAGE_LENGTH));
  return points
    .slice(0, MESSAGE_LENGTH)
    .join('')
    .replace(/\p{Surrogate}/gu, '\ufffd');
}

export function noMeasures(): Measures {
  return {
    ...{ eventCount: 0, timedCount: 0, sumMs: 0, minMs: null, maxMs: null },
    histogram: new Map(),
  };
}

/** Adds measures to others. */
export function add(to: Measures, more: Measures): void {
  to.eventCount += more.eventCount;
  to.timedCount += more.timedCount;
  to.sumMs += more.sumMs;
  to.minMs = least(to.minMs, more.minMs, Math.min);
  to.maxMs = least(to.maxMs, more.maxMs, Math.max);
  mergeInto(to.histogram, more.histogram);
}

function least(a: number | null, b: number | null, of: typeof Math.min): number | null {
  if (a === null) return b;
  return b === null ? a : of(a, b);
}

/** The same, to be added to. */
export function copyOf(measures: Measures): Measures {
  return { ...measures, histogram: new Map(measures.histogram) };
}

/** From the request to the end, though it was retried in between. */
function durationOf({ type, createdAt, requestedAt }: RollupEvent): number | null {
  if (!isFinal(type) || requestedAt === null) return null;
  return Date.parse(createdAt) - Date.parse(requestedAt);
}

/** A clock that went back gives a negative duration: 0. */
function count(measures: Measures, given: number | null): void {
  measures.eventCount++;
  if (given === null) return;
  const ms = Math.max(0, given);
  measures.timedCount++;
  measures.sumMs += ms;
  measures.minMs = Math.min(measures.minMs ?? ms, ms);
  measures.maxMs = Math.max(measures.maxMs ?? ms, ms);
  addValue(measures.histogram, ms);
}

function deltaIn<Delta extends StepDelta | ProcessDelta>(
  deltas: Map<string, Delta>,
  key: string,
  made: Omit<Delta, 'measures'>,
): Delta {
  let delta = deltas.get(key);
  if (!delta) {
    delta = { ...made, measures: noMeasures() } as Delta;
    deltas.set(key, delta);
  }
  return delta;
}
