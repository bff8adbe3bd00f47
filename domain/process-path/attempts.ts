import type { Timestamp } from '../common/index.ts';
import type { FailureKind, StoredEvent } from '../process/index.ts';

/** An attempt at a step as the journal has it; input, output and the call are in the event of this version. */
export interface Attempt {
  version: number;
  attempt: number;
  at: Timestamp;
  /** Milliseconds. */
  executionTime: number | null;
  /** Null: it succeeded. */
  failure: {
    kind: FailureKind;
    code: string;
    message: string;
    retriesLeft: number;
    /** Null without retries. */
    nextTryAt: Timestamp | null;
  } | null;
}

export interface TaskAttempts {
  taskId: string;
  step: string;
  /** Key of the process that the step belongs to. */
  processKey: string;
  attempts: Attempt[];
}

/** The attempts of a stream, by the id of their external task or user task, in order. */
export function attemptsByTask(events: readonly StoredEvent[]): Map<string, TaskAttempts> {
  const found = new Map<string, TaskAttempts>();
  for (const event of events) {
    if (event.type !== 'step-completed' && event.type !== 'step-failed') continue;
    const { taskId, calledProcess } = event.data;
    const { step, processName } = event;
    const known = found.get(taskId);
    const task = known ?? {
      ...{ taskId, step: step.name, processKey: calledProcess ?? processName },
      attempts: [],
    };
    if (!known) found.set(taskId, task);
    task.attempts.push({
      version: event.version,
      attempt: event.data.attempt,
      at: event.createdAt,
      executionTime: event.audit.executionTime ?? null,
      failure: event.type === 'step-failed' ? failureOf(event) : null,
    });
  }
  return found;
}

function failureOf({ data, createdAt }: Extract<StoredEvent, { type: 'step-failed' }>) {
  const { kind, code, message, retriesLeft, retryIn } = data;
  const nextTryAt =
    retriesLeft > 0 ? new Date(Date.parse(createdAt) + retryIn).toISOString() : null;
  return { kind, code, message, retriesLeft, nextTryAt };
}
