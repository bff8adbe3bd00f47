import { cutText, withDates } from '../common/index.ts';
import type { StepFailed, StoredEvent } from '../process/index.ts';
import { DEFAULT_RETRY } from './define-process.ts';
import { journalEnd } from './journal-outcome.ts';
import type { StepRun } from './step-run.ts';
import type { Report } from './task.ts';

/** Reports what the journal has of a task to the engine, and does what follows from the engine's answer. */
export async function reportEvent(run: StepRun, event: StoredEvent): Promise<void> {
  const { task, step, ports } = run;
  ports.observer?.onJournaled(event, run);
  if (event.type === 'step-completed') {
    const { output, dates } = event.data;
    await followUp(run, await task.complete(withDates(output, dates)), event);
  } else if (event.type === 'step-failed' && event.data.kind === 'business') {
    await followUp(run, await task.refuse(refusalOf(event)), event);
    await endIfEngineEnded(run, event.data.code, event.data.message);
  } else if (event.type === 'step-failed') {
    const { message, retriesLeft, retryIn } = event.data;
    const failure = { message, mark: failureMark(event), retriesLeft, retryIn };
    await followUp(run, await task.fail(failure), event);
    // Race: somebody retried the process before the failure was reported, and the retry found nothing to give back.
    if (await isTakenBack(run, event)) {
      const { attempts } = { ...DEFAULT_RETRY, ...step.retry };
      await ports.engine.retryFailed(task.instanceId, () => attempts);
    }
  }
}

/** How the engine's task shows that a journaled failure was reported. */
export function failureMark({ dedupeKey }: StoredEvent): string {
  return `journaled as ${dedupeKey}`;
}

/** Whether somebody retried the process after this final failure: the step is to run again. */
export async function isTakenBack(
  { stream, ports }: StepRun,
  event: StoredEvent,
): Promise<boolean> {
  if (event.type !== 'step-failed' || event.data.kind !== 'technical') return false;
  if (event.data.retriesLeft > 0) return false;
  const later = await ports.eventStore.readStream(stream.correlationId, {
    afterVersion: event.version,
  });
  return later.some(({ type }) => type === 'process-retried');
}

/** Code, message and step of a refusal become variables of the error path. */
function refusalOf({ data: { code, message }, step }: StoredEvent & StepFailed) {
  const variables = { errorCode: code, errorMessage: message, errorStep: step.name };
  return { code, message, variables };
}

/** Ends the process when the engine got the report and cannot continue: the task would come for ever. */
async function followUp(run: StepRun, report: Report, event: StoredEvent): Promise<void> {
  if (report.kind === 'reported') return;
  const { task, step, log, isPersonal } = run;
  const answer = isPersonal ? { kind: report.kind } : report;
  log.warn({ taskId: task.id, event: event.type, ...answer }, 'the engine did not take the report');
  if (report.kind !== 'refused') return;
  const { reason } = report;
  await journalEnd(run, {
    status: 'error',
    kind: 'technical',
    code: 'ENGINE_REFUSED',
    message: cutText(`the engine cannot continue after ${step.name}: ${reason}`, 2_000),
    step: step.name,
  });
  const mark = failureMark(event);
  await task.fail({ message: reason, mark, retriesLeft: 0, retryIn: 0 });
}

/** A BPMN error that nothing catches ends the instance, and no final step will say so. */
async function endIfEngineEnded(run: StepRun, code: string, message: string): Promise<void> {
  const { stream, step, ports } = run;
  const { processName, correlationId, instanceId } = stream;
  const instances = await ports.engine.findInstances(processName, correlationId);
  const own = instances.find((one) => one.processInstanceId === instanceId);
  if (own?.state !== 'completed' && own?.state !== 'terminated') return;
  await journalEnd(run, { status: 'error', kind: 'business', code, message, step: step.name });
}
