import { cutText, EngineRefusedError, withDates } from '../common/index.ts';
import type { Job } from '../outbox/index.ts';
import {
  type EventStore,
  endProcess,
  isEnded,
  readProcess,
  type StepCompleted,
  type StoredEvent,
} from '../process/index.ts';
import type { Engine } from './engine.ts';

export interface ReportUserTaskPorts {
  eventStore: EventStore;
  engine: Pick<Engine, 'completeUserTask'>;
}

/** The journaled completion of a user task. */
export type UserTaskCompleted = StoredEvent & StepCompleted;

type UserTaskReport =
  /** The engine has the completion, or has the task no more. */
  | { kind: 'reported' }
  /** The engine cannot continue from there: the process has failed with the reason. */
  | { kind: 'refused'; reason: string };

export function isUserTaskCompleted(event: StoredEvent): event is UserTaskCompleted {
  return event.type === 'step-completed' && event.data.userTask !== undefined;
}

/** Completes the task in the engine. @throws EngineUnavailableError, EngineRefusedError */
export async function completeFromJournal(
  { data, erased }: UserTaskCompleted,
  engine: Pick<Engine, 'completeUserTask'>,
): Promise<void> {
  // What was entered is gone, and so is the process, or soon.
  if (erased) return;
  await engine.completeUserTask(data.taskId, withDates(data.output, data.dates));
}

/**
 * Reports a journaled completion to the engine, as often as it is asked to: a task that is gone is fine.
 *
 * @throws EngineUnavailableError, StoreUnavailableError: try again later
 */
export async function reportUserTask(
  event: UserTaskCompleted,
  { eventStore, engine }: ReportUserTaskPorts,
): Promise<UserTaskReport> {
  try {
    await completeFromJournal(event, engine);
    return { kind: 'reported' };
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
    await endProcess(event.correlationId, { type: 'end-process', outcome }, eventStore);
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
  // Of a process that has failed, a retry reports it.
  if (!state || isEnded(state) || !event || !isUserTaskCompleted(event)) return;
  await reportUserTask(event, ports);
}
