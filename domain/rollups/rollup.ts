import type { Timestamp } from '../common/index.ts';
import { type EventType, isFinal } from '../process/index.ts';
import { addValue, type Histogram } from './histogram.ts';

/** Lengths of the buckets in minutes, of the steps and of the processes; each divides the next. */
export const STEP_GRAINS = [15, 60, 1440] as const;
export const PROCESS_GRAINS = [1, 15, 60, 1440] as const;
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
  /** Of a final event: when its process was requested. */
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

/** What the events add, one delta for each row of the rollups that they touch. */
export function deltasOf(events: readonly RollupEvent[]): RollupDeltas {
  const steps = new Map<string, StepDelta>();
  const processes = new Map<string, ProcessDelta>();
  const bucketOf = createBucketOf();
  for (const event of events) {
    const { type, processName, stepName, targetSystem } = event;
    const createdAt = Date.parse(event.createdAt);
    if (type === 'step-completed' || type === 'step-failed') {
      const error = type === 'step-failed' ? event.error : null;
      const status = type === 'step-failed' ? ('error' as const) : ('ok' as const);
      for (const grain of STEP_GRAINS) {
        const bucketStart = bucketOf(createdAt, grain);
        const errorKey = error?.key ?? '';
        const key = JSON.stringify([
          ...[grain, bucketStart, processName, stepName, targetSystem, status, errorKey],
        ]);
        const delta = getOrAdd(steps, key, () => ({
          ...{ grain, bucketStart, processName, stepName, targetSystem, status, errorKey },
          errorMessage: error?.message ?? null,
          measures: noMeasures(),
        }));
        count(delta.measures, event.executionTime);
      }
    } else if (PROCESS_EVENTS.has(type)) {
      for (const grain of PROCESS_GRAINS) {
        const bucketStart = bucketOf(createdAt, grain);
        const key = JSON.stringify([grain, bucketStart, processName, type]);
        const delta = getOrAdd(processes, key, () => ({
          ...{ grain, bucketStart, processName, eventType: type },
          measures: noMeasures(),
        }));
        count(delta.measures, durationOf(event));
      }
    }
  }
  return { steps: [...steps.values()], processes: [...processes.values()] };
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

function getOrAdd<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
