import type { TaskRef, VariableValue } from '../engine/index.ts';

/** What became of a report to the engine. */
export type Report =
  | { kind: 'reported' }
  /** The engine does not have the task any more, or somebody else has it: there is nothing left to report. */
  | { kind: 'gone' }
  /** The engine cannot be reached: it will hand out the task again. */
  | { kind: 'unreachable' }
  /** The engine got the report and cannot continue from there. */
  | { kind: 'refused'; reason: string };

/** A technical failure of an attempt. */
interface TaskFailure {
  message: string;
  /** Kept by the engine beside the failure, and given back in `reportedMark`. */
  mark: string;
  /** 0: the step has failed finally. */
  retriesLeft: number;
  /** Milliseconds until the engine hands out the task again. */
  retryIn: number;
}

/** A refusal by a rule of the process: the model's error path continues. */
interface TaskRefusal {
  code: string;
  message: string;
  variables: Record<string, VariableValue>;
}

/**
 * A task that an engine has handed out to this service, and how its outcome is reported. Each engine has an adapter.
 * Reports do not throw, and say the same however often they are made.
 */
export interface Task extends TaskRef {
  id: string;
  instanceId: string;
  businessKey: string | null;
  /** Attempts that the engine has left for it; null before the first failure. */
  retriesLeft: number | null;
  /** `mark` of the failure that was reported last; null when none was. */
  reportedMark: string | null;
  /** The process variables that its step asks for. */
  readonly variables: Record<string, unknown>;
  /** Whether a variable is an object of the engine, which it keeps serialized: a list or map that the model makes. */
  isObject(name: string): boolean;
  complete(variables: Record<string, VariableValue>): Promise<Report>;
  fail(failure: TaskFailure): Promise<Report>;
  refuse(refusal: TaskRefusal): Promise<Report>;
}
