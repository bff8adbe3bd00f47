import { sleep } from '../common/index.ts';
import { createOpenRun, idsOf } from './open-run.ts';
import { runStep } from './run-step.ts';
import type { ConfiguredStep, StepPorts } from './step-run.ts';
import type { Task } from './task.ts';
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
  const { log, observer } = ports;
  const findStep = createFindTaskStep(steps);
  const openRun = createOpenRun(ports);

  async function handle(task: Task, stopping: AbortSignal): Promise<boolean> {
    const step = findStep(task);
    // Of another version of the model than the one that was checked: an instance with its step may start.
    if (!step) throw new Error(noStepFor(task));
    const run = await openRun(task, step, { stopping });
    if (!run) return true;
    return observer ? observer.aroundStep(run, () => runStep(run)) : runStep(run);
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

/** Why a task cannot be done here. */
export function noStepFor({
  topic,
  activityId,
  processKey,
}: Pick<Task, 'topic' | 'activityId' | 'processKey'>): string {
  return `no step is for the task "${activityId}" of the process ${processKey} with the topic "${topic}"`;
}
