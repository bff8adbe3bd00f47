import type { Clock, Log, Timestamp } from '../common/index.ts';
import type { ProcessKeys } from '../personal-data/index.ts';
import type { EventStore, ProcessStore } from '../process/index.ts';
import type { Engine, TaskRef } from './engine.ts';

export interface ReconcilePorts {
  processStore: ProcessStore;
  eventStore: EventStore;
  engine: Engine;
  processKeys: ProcessKeys;
  /** Attempts that the step of an external task gets. */
  attemptsOf: (task: TaskRef) => number;
  log: Pick<Log, 'debug' | 'info' | 'warn'>;
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
