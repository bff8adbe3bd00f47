import type { Json, JsonObject, Timestamp } from '../common/index.ts';

/** Version of the event payloads this code writes; older ones are lifted by `upcast`. */
export const CURRENT_SCHEMA_VERSION = 4;

/** The identifiers every process instance carries from its start through all its steps. */
export interface ProcessIdentity {
  batchId?: string | undefined;
  traceabilityId?: string | undefined;
  applicationId?: string | undefined;
  originatingSystem?: string | undefined;
  /** Business identifiers, for example `{ userId: '42' }`. */
  identifiers?: JsonObject | undefined;
  /** W3C trace context in which the process continues, wherever and whenever that is. */
  traceparent?: string | undefined;
  /** What earlier tracing systems add to it; passed on unchanged. */
  tracestate?: string | undefined;
}

/** What the audit row says about the outside call of a step. */
export interface Audit {
  httpMethod?: string | undefined;
  endpoint?: string | undefined;
  httpStatusCode?: number | undefined;
  targetSystem?: string | undefined;
  /** Milliseconds the work took. */
  executionTime?: number | undefined;
  /** One line for people: the result of the call. */
  result?: string | undefined;
}

/** `business`: a rule of the process refused. `technical`: something broke. `cancelled`: somebody, or the process, ended it. */
export type FailureKind = 'business' | 'technical' | 'cancelled';

interface EventOf<Type extends string, Data> {
  type: Type;
  processName: string;
  identity: ProcessIdentity;
  audit: Audit;
  data: Data;
  /**
   * Who caused it: name of the API key, subject of the token, or LOCAL_ACTOR. Left out where no caller did:
   * steps, the relay, the reconciler. At most 255 characters.
   */
  actor?: string | undefined;
  /** At most 255 characters; unique over all events. An append with a known key writes nothing. */
  dedupeKey?: string | undefined;
}

/** The actor of calls while access control is off, and of commands on the machine. */
export const LOCAL_ACTOR = 'local';

/** What the events of a step say about its task, besides the outcome. */
type TaskData = {
  taskId: string;
  attempt: number;
  input: Json;
  /** The instance the task came from, or the one that called that; absent in events of earlier releases. */
  instanceId?: string;
  /** Key of the process that the step belongs to, where it is not the stream's: one that was called. */
  calledProcess?: string;
};

interface StepOf {
  name: string;
  number: number;
}

/** The callback that a start asks for; `events` are types of events, left out: the ends of the process. */
export type StartCallback = {
  url: string;
  events?: string[] | undefined;
};

export type ProcessRequested = EventOf<
  'process-requested',
  {
    variables: JsonObject;
    requestHash: string;
    /** Names of the variables that are dates (`dates.ts`); left out: none. */
    dates?: string[];
    /** When the instance is to begin; left out, or not after the event: at once. */
    startAt?: Timestamp;
    /** Where the caller wants its events to be sent; left out: nowhere. */
    callback?: StartCallback;
  }
>;
type ProcessStarted = EventOf<'process-started', { processInstanceId: string }>;
export type StepCompleted = EventOf<
  'step-completed',
  TaskData & {
    output: JsonObject;
    /** Names of the outputs that are dates; left out: none. */
    dates?: string[];
    /** Id of the user task in the model, where somebody has completed one; left out: an external task. */
    userTask?: string;
  }
> & {
  step: StepOf;
};
export type StepFailed = EventOf<
  'step-failed',
  TaskData & {
    /** `cancelled`: the completion of a user task came too late for the engine. */
    kind: FailureKind;
    code: string;
    message: string;
    /** Retries left in the engine after this attempt; 0 means the step has failed finally. */
    retriesLeft: number;
    /** Milliseconds the engine waits before the next attempt. */
    retryIn: number;
  }
> & { step: StepOf };
type ProcessCompleted = EventOf<'process-completed', { result: Json }>;
type ProcessFailed = EventOf<
  'process-failed',
  {
    kind: 'business' | 'technical';
    code: string;
    message: string;
    failedStep: string | null;
    /** The engine's incidents that the process was ended with, where it was by those. */
    incidentIds?: string[];
  }
>;
/** `bulkId`: the run of a bulk action that did it, with many others. */
type ProcessCancelled = EventOf<'process-cancelled', { reason: string; bulkId?: string }>;
/** A caller retried the process: it is pending again. */
type ProcessRetried = EventOf<'process-retried', { reason: string; bulkId?: string }>;

/**
 * The engine took a message from a caller. Without the values of its variables: the steps that use them
 * journal them, with redaction.
 */
type MessageDelivered = EventOf<
  'message-delivered',
  { messageName: string; variableNames: string[] }
>;

export type ProcessEvent =
  | ProcessRequested
  | ProcessStarted
  | StepCompleted
  | StepFailed
  | ProcessCompleted
  | ProcessFailed
  | ProcessCancelled
  | ProcessRetried
  | MessageDelivered;

export type EventType = ProcessEvent['type'];

export const EVENT_TYPES: readonly EventType[] = [
  'process-requested',
  'process-started',
  'step-completed',
  'step-failed',
  'process-completed',
  'process-failed',
  'process-cancelled',
  'process-retried',
  'message-delivered',
];

/** An event as the log holds it. */
export type StoredEvent = ProcessEvent & {
  /** Position in the table, a decimal string: a BIGINT does not fit a JavaScript number. */
  id: string;
  correlationId: string;
  /** Gapless per stream, from 1. */
  version: number;
  schemaVersion: number;
  createdAt: Timestamp;
  /** Set when the event lies in the archive: since when. */
  archivedAt?: Timestamp;
  /** Set when personal values were in it, and are erased. */
  erased?: true;
};

/** The `status` column of the event's row. */
export function eventStatus(type: EventType): 'ok' | 'error' {
  switch (type) {
    case 'process-requested':
    case 'process-started':
    case 'step-completed':
    case 'process-completed':
    case 'process-retried':
    case 'message-delivered':
      return 'ok';
    case 'step-failed':
    case 'process-failed':
    case 'process-cancelled':
      return 'error';
    default:
      return unreachable(type);
  }
}

/** True for the events after which a process does nothing more, unless it is retried. */
export function isFinal(type: EventType): boolean {
  return type === 'process-completed' || type === 'process-failed' || type === 'process-cancelled';
}

/** Ends a `switch` over a union: the compiler reports a missing case. */
export function unreachable(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
