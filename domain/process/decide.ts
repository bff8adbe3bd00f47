import type { Json, JsonObject, Timestamp } from '../common/index.ts';
import type {
  Audit,
  ProcessEvent,
  ProcessIdentity,
  StartCallback,
  StepCompleted,
  StepFailed,
} from './events.ts';
import { unreachable } from './events.ts';
import { isEnded, isRetryable, type ProcessState } from './process-state.ts';

interface CommandOf<Type extends string> {
  type: Type;
  processName: string;
  identity: ProcessIdentity;
  audit?: Audit;
  /** Who caused it, when a caller did. */
  actor?: string | undefined;
}

type RequestProcess = CommandOf<'request-process'> & {
  variables: JsonObject;
  requestHash: string;
  /** Names of the variables that are dates. */
  dates?: string[] | undefined;
  /** When its instance is to begin. */
  startAt?: Timestamp | undefined;
  callback?: StartCallback | undefined;
  /** Hash of the caller's Idempotency-Key, when one was sent. */
  idempotencyKey?: string | undefined;
};
type RecordStart = CommandOf<'record-start'> & {
  processInstanceId: string;
  /** Id of the event that asked for it, `process-requested` or `process-retried`: one start for each. */
  requestId: string;
  /** The instance of an earlier start that a retry replaces. */
  replaces?: string | null;
};
type CompleteStep = CommandOf<'complete-step'> & {
  step: StepCompleted['step'];
  data: StepCompleted['data'];
  /** Set on a final step: how the process ends with it. */
  ends?: Outcome | undefined;
};
type FailStep = CommandOf<'fail-step'> & {
  step: StepFailed['step'];
  data: StepFailed['data'];
  /** How many failures of this task the log already holds. */
  earlierFailures: number;
};
type EndProcess = CommandOf<'end-process'> & { outcome: Outcome };
/** What a run of a bulk action says of itself, besides the reason. */
interface OfBulk {
  bulkId?: string | undefined;
  /** One event of a run for each process. */
  dedupeKey?: string | undefined;
}
type CancelProcess = CommandOf<'cancel-process'> & OfBulk & { reason: string };
type RetryProcess = CommandOf<'retry-process'> & OfBulk & { reason: string };
/** The engine has taken a message. */
type RecordMessage = CommandOf<'record-message'> & {
  messageName: string;
  variableNames: string[];
};

export type Command =
  | RequestProcess
  | RecordStart
  | CompleteStep
  | FailStep
  | EndProcess
  | CancelProcess
  | RetryProcess
  | RecordMessage;

export type Outcome =
  | { status: 'ok'; result: Json }
  | {
      status: 'error';
      kind: 'business' | 'technical';
      code: string;
      message: string;
      step: string | null;
      /** The engine's incidents that are the reason. */
      incidentIds?: string[];
    };

/**
 * Returns the events that a command causes in a process that is in `state` (`null`: no events yet). Pure: time and
 * ids come with the command.
 *
 * An ended process stays ended: late steps are still journaled, a second end is not. An empty list
 * means that there is nothing to do.
 */
export function decide(command: Command, state: ProcessState | null): ProcessEvent[] {
  const common = {
    processName: command.processName,
    identity: command.identity,
    audit: command.audit ?? {},
    ...actorOf(command),
  };
  const live = state === null || !isEnded(state);
  switch (command.type) {
    case 'request-process':
      if (state !== null) return [];
      return [
        {
          ...common,
          type: 'process-requested',
          data: {
            variables: command.variables,
            requestHash: command.requestHash,
            ...(command.dates?.length ? { dates: command.dates } : {}),
            ...(command.startAt === undefined ? {} : { startAt: command.startAt }),
            ...(command.callback ? { callback: command.callback } : {}),
          },
          dedupeKey: command.idempotencyKey,
        },
      ];
    case 'record-start':
      return (state?.processInstanceId ?? null) !== (command.replaces ?? null)
        ? []
        : [
            {
              ...common,
              type: 'process-started',
              data: { processInstanceId: command.processInstanceId },
              dedupeKey: `started:${command.requestId}`,
            },
          ];
    case 'complete-step': {
      const done: ProcessEvent = {
        ...common,
        type: 'step-completed',
        step: command.step,
        data: command.data,
        dedupeKey: stepCompletedKey(command.data.taskId),
      };
      return command.ends && live ? [done, endEvent(command, command.ends)] : [done];
    }
    case 'fail-step': {
      const failed: StepFailed = {
        ...common,
        type: 'step-failed',
        step: command.step,
        data: { ...command.data, ...failureTexts(command.data) },
        dedupeKey: stepFailedKey(command.data.taskId, command.earlierFailures + 1),
      };
      const forGood = command.data.kind === 'technical' && command.data.retriesLeft === 0;
      if (!forGood || !live) return [failed];
      const { code, message } = failed.data;
      return [
        failed,
        endEvent(command, {
          status: 'error',
          kind: 'technical',
          code,
          message,
          step: command.step.name,
        }),
      ];
    }
    case 'end-process':
      return live ? [{ ...endEvent(command, command.outcome), audit: command.audit ?? {} }] : [];
    case 'cancel-process':
      return live ? [{ ...common, type: 'process-cancelled', ...byRequest(command) }] : [];
    case 'retry-process':
      return state && isRetryable(state)
        ? [{ ...common, type: 'process-retried', ...byRequest(command) }]
        : [];
    case 'record-message': {
      const { messageName, variableNames } = command;
      return [{ ...common, type: 'message-delivered', data: { messageName, variableNames } }];
    }
    default:
      return unreachable(command);
  }
}

function actorOf({ actor }: Pick<Command, 'actor'>): Pick<ProcessEvent, 'actor'> {
  return actor === undefined ? {} : { actor };
}

function byRequest({ reason, bulkId, dedupeKey }: OfBulk & { reason: string }) {
  const data = bulkId === undefined ? { reason } : { reason, bulkId };
  return dedupeKey === undefined ? { data } : { data, dedupeKey };
}

/** Every journal key of a task starts so. */
export function taskKeyPrefix(taskId: string): string {
  return `task:${taskId}:`;
}

/** Dedupe key of a task's success: a task succeeds once. */
function stepCompletedKey(taskId: string): string {
  return `${taskKeyPrefix(taskId)}completed`;
}

/**
 * Dedupe key of a task's n-th failure, from 1. Counted from the log, not from the engine's retries:
 * an operator may set those back, and the attempt that follows is a new one.
 */
export function stepFailedKey(taskId: string, nth: number): string {
  return `${taskKeyPrefix(taskId)}failed:${nth}`;
}

function endEvent(
  command: Pick<Command, 'processName' | 'identity' | 'actor'>,
  outcome: Outcome,
): ProcessEvent {
  const { processName, identity } = command;
  const common = { processName, identity, audit: {}, ...actorOf(command) };
  if (outcome.status === 'ok') {
    return { ...common, type: 'process-completed', data: { result: outcome.result } };
  }
  const { kind, step, incidentIds } = outcome;
  const { code, message } = failureTexts(outcome);
  const data = { kind, code, message, failedStep: step, ...(incidentIds && { incidentIds }) };
  return { ...common, type: 'process-failed', data };
}

/**
 * Texts of an error come from anywhere, and a failure is recorded whatever it says: halves of surrogate pairs, which no
 * database would give back as they were, become U+FFFD.
 */
function failureTexts({ code, message }: { code: string; message: string }) {
  return { code: code.toWellFormed(), message: message.toWellFormed() };
}
