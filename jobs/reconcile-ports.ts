import type { TaskRef } from '../domain/find-step.ts';
import type { Timestamp } from '../domain/json.ts';
import type { Clock } from '../domain/ports/clock.ts';
import type { Engine } from '../domain/ports/engine.ts';
import type { EventStore } from '../domain/ports/event-store.ts';
import type { ProcessKeys } from '../domain/ports/process-keys.ts';
import type { ProcessStore } from '../domain/ports/process-store.ts';

export interface ReconcileLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface ReconcilePorts {
  processStore: ProcessStore;
  eventStore: EventStore;
  engine: Engine;
  processKeys: ProcessKeys;
  /** Attempts that the step of an external task gets. */
  attemptsOf: (task: TaskRef) => number;
  log: ReconcileLog;
  clock: Clock;
}

/** The times of one run. */
export interface Span {
  now: Timestamp;
  /** What had news after this is left alone. */
  cutoff: Timestamp;
  /** Instances of processes that failed before this are kept no longer. */
  keepUntil: Timestamp;
}
