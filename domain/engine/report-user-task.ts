import { cutText, EngineRefusedError, withDates } from '../common/index.ts';
import type { Job } from '../outbox/index.ts';
import {
  decide,
  type EventStore,
  endProcess,
  handleCommand,
  isEnded,
  readProcess,
  type StepCompleted,
  type StoredEvent,
} from '../process/index.ts';
import type { Engine } from './engine.ts';

export interface ReportUserTaskPorts {
  eventStore: EventStore;
  engine: Pick<Engine, 'findUserTask' | 'completeUserTask' | 'isUserTaskCancelled'>;
}

/** The journaled completion of a user task. */
export type UserTaskCompleted = StoredEvent & StepCompleted;

type UserTaskReport =
  /** The engine has the completion. */
  | { kind: 'reported' }
  /** The engine had ended the task without it: a boundary event, a terminate end event, a deleted instance. */
  | { kind: 'cancelled' }
  /** The engine cannot continue from there: the process has failed with the reason. */
  | { kind: 'refused'; reason: string };

export function isUserTaskCompleted(event: StoredEvent): event is UserTaskCompleted {
  return event.type === 'step-completed' && event.data.userTask !== undefined;
}

/**
 * Completes the task in the engine. One that the engine has completed before is fine.
 *
 * Race: the engine may have cancelled the task, after its completion was journaled or just before, when the caller had
 * found it open. It has gone the other way then, the completion has no effect, and an event says so, once.
 *
 * @throws EngineUnavailableError, EngineRefusedError, StoreUnavailableError
 */
export async function completeFromJournal(
  event: UserTaskCompleted,
  ports: ReportUserTaskPorts,
): Promise<Exclude<UserTaskReport, { kind: 'refused' }>> {
  const { data, erased } = event;
  // What was entered is gone, and so is the process, or soon.
  if (erased) return { kind: 'reported' };
  const { taskId, output, dates } = data;
  const isDone = await ports.engine.completeUserTask(taskId, withDates(output, dates));
  if (isDone || !(await ports.engine.isUserTaskCancelled(taskId))) return { kind: 'reported' };
  await recordCancelled(event, ports.eventStore);
  return { kind: 'cancelled' };
}

async function recordCancelled(
  { correlationId, processName, identity, step, data }: UserTaskCompleted,
  eventStore: EventStore,
): Promise<void> {
  const { output: _output, dates: _dates, userTask: _userTask, ...task } = data;
  const failed = decide(
    {
      type: 'fail-step',
      processName,
      identity,
      step,
      data: { ...task, ...CANCELLED },
      earlierFailures: 0,
      audit: { targetSystem: 'CamundaEngine', result: 'Without effect' },
    },
    null,
  );
  await handleCommand(correlationId, () => failed, eventStore, { from: 'any' });
}

const CANCELLED = {
  kind: 'cancelled',
  code: 'TASK_CANCELLED',
  message: 'the process engine had cancelled the task before it got the completion',
  retriesLeft: 0,
  retryIn: 0,
} as const;

/**
 * Reports a journaled completion to the engine, as often as it is asked to.
 *
 * @throws EngineUnavailableError, StoreUnavailableError: try again later
 */
export async function reportUserTask(
  event: UserTaskCompleted,
  ports: ReportUserTaskPorts,
): Promise<UserTaskReport> {
  try {
    return await completeFromJournal(event, ports);
  } catch (error) {
    if (!(error instanceof EngineRefusedError)) throw error;
    const { name } = event.step;
    const reason = error.message;
    const message = cutText(`the engine cannot continue after ${name}: ${reason}`, 2_000);
    const outcome = {
      status: 'error',
      kind: 'technical',
      code: error.code,
      message,
      step: name,
    } as const;
    await endProcess(event.correlationId, { type: 'end-process', outcome }, ports.eventStore);
    return { kind: 'refused', reason };
  }
}

/**
 * The job of a journaled completion: the caller's own request reports it as well, and this one does when that died in
 * between, or the engine was away.
 */
export async function completeUserTask(
  { correlationId, eventId }: Pick<Job, 'correlationId' | 'eventId'>,
  ports: ReportUserTaskPorts,
): Promise<void> {
  const { events, state } = await readProcess(ports.eventStore, correlationId);
  const event = events.find(({ id }) => id === eventId);
  if (!state || !event || !isUserTaskCompleted(event) || event.erased) return;
  const { taskId } = event.data;
  // Of a process that has failed, a retry reports it. Else mostly the request has done so.
  if (!isEnded(state) && (await ports.engine.findUserTask(taskId))) {
    await reportUserTask(event, ports);
  } else if (await ports.engine.isUserTaskCancelled(taskId)) {
    await recordCancelled(event, ports.eventStore);
  }
}
