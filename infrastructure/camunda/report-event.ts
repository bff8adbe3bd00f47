import { cutText } from '../../domain/common/index.ts';
import type { StoredEvent } from '../../domain/process/index.ts';
import { DEFAULT_RETRY } from '../../domain/steps/index.ts';
import { addStepToSpan } from '../observability/observed-steps.ts';
import { journalEnd } from './journal-outcome.ts';
import type { TaskRun } from './task-run.ts';
import {
  failureMark,
  MAX_FAILURE_MESSAGE,
  type Told,
  tellCompleted,
  tellFailed,
  tellRefused,
} from './tell-engine.ts';

/** Tells the engine what the journal has of a task, and does what follows of the engine's answer. */
export async function reportEvent(run: TaskRun, event: StoredEvent): Promise<void> {
  const { task, taskService, work, ports, isPersonal } = run;
  ports.onTelling?.();
  addStepToSpan(event, isPersonal);
  if (event.type === 'step-completed') {
    await settle(run, await tellCompleted(taskService, task, event), event);
  } else if (event.type === 'step-failed' && event.data.kind === 'business') {
    await settle(run, await tellRefused(taskService, task, event), event);
    await endIfEngineEnded(run, event.data.code, event.data.message);
  } else if (event.type === 'step-failed') {
    await settle(run, await tellFailed(taskService, task, event), event);
    // The retry's own job found nothing to give back while the engine had not heard.
    if (await isTakenBack(run, event)) {
      const { attempts } = { ...DEFAULT_RETRY, ...work.step.retry };
      await ports.engine.retryFailed(task.processInstanceId ?? '', () => attempts);
    }
  }
}

/** A failure for good that somebody had retried before the engine heard of it: the step is to run again. */
export async function isTakenBack(
  { stream, ports }: TaskRun,
  event: StoredEvent,
): Promise<boolean> {
  if (event.type !== 'step-failed' || event.data.kind !== 'technical') return false;
  if (event.data.retriesLeft > 0) return false;
  const later = await ports.eventStore.readStream(stream.correlationId, {
    afterVersion: event.version,
  });
  return later.some(({ type }) => type === 'process-retried');
}

/** The engine heard the report and cannot go on: without this the task would come for ever. */
async function settle(run: TaskRun, told: Told, event: StoredEvent): Promise<void> {
  if (told.kind === 'told') return;
  const { task, taskService, work, log, isPersonal } = run;
  const what = isPersonal ? { kind: told.kind } : told;
  log.warn({ taskId: task.id, event: event.type, ...what }, 'the engine did not take the report');
  if (told.kind !== 'refused') return;
  const { name } = work.step;
  await journalEnd(run, {
    status: 'error',
    kind: 'technical',
    code: 'ENGINE_REFUSED',
    message: cutText(`the engine cannot go on after ${name}: ${told.reason}`, 2_000),
    step: name,
  });
  const errorMessage = cutText(told.reason, MAX_FAILURE_MESSAGE);
  const incident = { errorMessage, errorDetails: failureMark(event) };
  await taskService
    .handleFailure(task, { ...incident, retries: 0, retryTimeout: 0 })
    .catch(() => {});
}

/** A BPMN error that nothing catches ends the instance, and no final step will say so. */
async function endIfEngineEnded(run: TaskRun, code: string, message: string): Promise<void> {
  const { stream, work, ports } = run;
  const { processName, correlationId, instanceId } = stream;
  const instances = await ports.engine.findInstances(processName, correlationId);
  const own = instances.find((one) => one.processInstanceId === instanceId);
  if (own?.state !== 'completed' && own?.state !== 'terminated') return;
  await journalEnd(run, { status: 'error', kind: 'business', code, message, step: work.step.name });
}
