import type { Timestamp } from '../common/index.ts';

/** By what the steps can be told apart. */
export const STEP_GROUPS = ['process', 'step', 'targetSystem', 'status', 'errorMessage'] as const;
export type StepGrouping = (typeof STEP_GROUPS)[number];
export type ProcessGroup = 'process' | 'eventType';

/** The events of a process that are counted: its request, its ends, and the retries that take an end back. */
export const PROCESS_EVENT_TYPES = [
  'process-requested',
  'process-completed',
  'process-failed',
  'process-cancelled',
  'process-retried',
] as const;
export type ProcessEventType = (typeof PROCESS_EVENT_TYPES)[number];

interface Question<Group extends string> {
  /**
   * The range, cut into slices: where each begins, and at last where the last one ends, in milliseconds since 1970.
   * They rise, and there are two at least. What happened at the end of a slice is in the next one.
   */
  bounds: readonly number[];
  groupBy: readonly Group[];
  /** From the events themselves, however long that takes. */
  exact: boolean;
}

/** Each list that is given says which values fit; '' is a target system that is not there. */
export interface StepQuestion extends Question<StepGrouping> {
  processes?: readonly string[] | undefined;
  steps?: readonly string[] | undefined;
  targetSystems?: readonly string[] | undefined;
  statuses?: readonly ('ok' | 'error')[] | undefined;
}

export interface ProcessQuestion extends Question<ProcessGroup> {
  processes?: readonly string[] | undefined;
  types: readonly ProcessEventType[];
  /** Whether the durations are wanted, from the request to the end. */
  durations: boolean;
}

/** How long things took, in whole milliseconds but for the mean; null where nothing was timed. */
export interface Durations {
  /** Those that have a duration. */
  timed: number;
  minMs: number | null;
  avgMs: number | null;
  maxMs: number | null;
  /** By nearest rank; from rollups within one per cent. */
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
}

/** What there was of a group in a slice: at least one event. */
export interface Tally<Group extends string> extends Durations {
  slice: number;
  group: Readonly<Record<Group, string>>;
  count: number;
  /** Those among them whose status is `error`. */
  errors: number;
}

export interface Analysis<Group extends string> {
  source: 'rollups' | 'events';
  /** Events up to this time are in the answer, those written later may not be; null without any event. */
  asOf: Timestamp | null;
  /** Events that were committed and are not yet in the rollups. */
  eventsBehind: number;
  tallies: Tally<Group>[];
}

/**
 * Counts and durations of all that ever happened, live and archived. From the events that were purged only the
 * rollups have anything left.
 */
export interface Analytics {
  /**
   * Steps: every attempt that ended, well or not.
   *
   * @throws StoreUnavailableError when the database cannot be reached
   * @throws AnswerTooLargeError when there are too many groups in slices
   * @throws the signal's reason
   */
  steps(question: StepQuestion, signal?: AbortSignal): Promise<Analysis<StepGrouping>>;
  /** Starts, ends and retries of processes. Throws as `steps` does. */
  processes(question: ProcessQuestion, signal?: AbortSignal): Promise<Analysis<ProcessGroup>>;
}
