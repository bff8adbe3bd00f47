import { logIds } from '../common/index.ts';
import type { StoredEvent } from '../process/index.ts';
import type { StepLogger } from './define-process.ts';
import type { ConfiguredStep, StepPorts, StepRun } from './step-run.ts';
import type { Task } from './task.ts';
import { createFindOwner, type TaskStream } from './task-owner.ts';

/** Who does a task, and for how long its outcome may wait for the journal. */
export interface RunBy {
  /** Fires when the service stops, or when nobody waits for the outcome any more. */
  stopping: AbortSignal;
  /** The caller who does it elsewhere; left out: a handler here. */
  actor?: string | undefined;
}

/**
 * Finds the stream of a task, and makes the run of its step. Null when the task is not to be done: its instance is a
 * duplicate, which is deleted, or of no process of ours, which becomes an incident, or it runs no more.
 *
 * @throws EngineUnavailableError, StoreUnavailableError
 */
export type OpenRun = (task: Task, step: ConfiguredStep, by: RunBy) => Promise<StepRun | null>;

export function createOpenRun(ports: StepPorts): OpenRun {
  const { engine, log } = ports;
  const findOwner = createFindOwner(ports);

  return async (task, step, by) => {
    const owner = await findOwner(task);
    switch (owner.kind) {
      case 'own':
        return runOf(task, step, owner, by);
      case 'duplicate':
        log.warn({ ...owner, taskId: task.id }, 'deleting a duplicate instance of a process');
        await engine.cancel(owner.instanceId);
        return null;
      case 'foreign':
        log.error({ ...idsOf(task), reason: owner.reason }, 'the task is of no process of ours');
        await failForeign(task, owner.reason);
        return null;
      case 'gone':
        return null;
      default:
        return owner satisfies never;
    }
  };

  function runOf(
    task: Task,
    configured: ConfiguredStep,
    { stream, read }: { stream: TaskStream; read?: readonly StoredEvent[] },
    by: RunBy,
  ): StepRun {
    const { definition, step, settings } = configured;
    let bound: StepLogger | undefined;
    return {
      definition,
      step,
      settings,
      task,
      stream,
      read,
      ports,
      /** Most steps write nothing into it. */
      get log() {
        const ids = logIds(stream.correlationId, stream.identity.traceparent);
        bound ??= log.child({ ...ids, process: definition.key, step: step.name });
        return bound;
      },
      ...by,
      isPersonal: definition.personal.length > 0,
    };
  }
}

/** Makes a task that nobody here may do an incident. @throws Error when the engine did not take that */
async function failForeign(task: Task, message: string): Promise<void> {
  const report = await task.fail({ message, mark: '', retriesLeft: 0, retryIn: 0 });
  switch (report.kind) {
    case 'reported':
    case 'gone':
      return;
    case 'unreachable':
      throw new Error('the engine cannot be reached');
    case 'refused':
      throw new Error(report.reason);
    default:
      return report satisfies never;
  }
}

/** The ids in a log line about a task whose process is not known yet. */
export function idsOf({ businessKey, id }: Pick<Task, 'businessKey' | 'id'>): object {
  return { businessKey, taskId: id };
}
