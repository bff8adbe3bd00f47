import { logIds, sleep } from '../common/index.ts';
import type { StoredEvent } from '../process/index.ts';
import type { StepLogger } from './define-process.ts';
import { runStep } from './run-step.ts';
import type { ConfiguredStep, StepPorts, StepRun } from './step-run.ts';
import type { Task } from './task.ts';
import { createFindOwner, type TaskStream } from './task-owner.ts';
import { createFindTaskStep } from './topics.ts';

/**
 * Does one task that an engine has handed out. Never rejects.
 *
 * @param stopping fires when the service stops
 * @returns false when the task should be handed back, for somebody else or another attempt
 */
export type HandleTask = (task: Task, stopping: AbortSignal) => Promise<boolean>;

/** Delay before a task that could neither be done nor journaled is handed back. */
const HAND_BACK_DELAY_MS = 1_000;

/** Builds what a worker does with its tasks: finds the step and the stream of each, and runs the step. */
export function createHandleTask(steps: readonly ConfiguredStep[], ports: StepPorts): HandleTask {
  const { engine, log, observer } = ports;
  const findStep = createFindTaskStep(steps);
  const findOwner = createFindOwner(ports);

  async function handle(task: Task, stopping: AbortSignal): Promise<boolean> {
    const step = findStep(task);
    // Of another version of the model than the one that was checked: an instance with its step may start.
    if (!step) throw new Error(noStepFor(task));
    const owner = await findOwner(task);
    switch (owner.kind) {
      case 'own': {
        const run = runOf(task, step, owner, stopping);
        return observer ? observer.aroundStep(run, () => runStep(run)) : runStep(run);
      }
      case 'duplicate':
        log.warn({ ...owner, taskId: task.id }, 'deleting a duplicate instance of a process');
        await engine.cancel(owner.instanceId);
        return true;
      case 'foreign':
        log.error({ ...idsOf(task), reason: owner.reason }, 'the task is of no process of ours');
        await failForeign(task, owner.reason);
        return true;
      case 'gone':
        return true;
      default:
        return owner satisfies never;
    }
  }

  function runOf(
    task: Task,
    configured: ConfiguredStep,
    { stream, read }: { stream: TaskStream; read?: readonly StoredEvent[] },
    stopping: AbortSignal,
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
      stopping,
      isPersonal: definition.personal.length > 0,
    };
  }

  return async (task, stopping) => {
    try {
      return await handle(task, stopping);
    } catch (error) {
      // What was journaled stays.
      log.error({ ...idsOf(task), err: error }, 'the task could not be done and is handed back');
      await sleep(HAND_BACK_DELAY_MS, stopping);
      return false;
    }
  };
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
function idsOf({ businessKey, id }: Task): object {
  return { businessKey, taskId: id };
}

function noStepFor({ topic, activityId, processKey }: Task): string {
  return `no step is for the task "${activityId}" of the process ${processKey} with the topic "${topic}"`;
}
