import { decide } from '../../domain/process/decide.ts';
import type { ProcessEvent, ProcessIdentity } from '../../domain/process/events.ts';
import type { ProcessState } from '../../domain/process/process-state.ts';

export const identity: ProcessIdentity = {
  batchId: 'batch-1',
  traceabilityId: 'trace-1',
  applicationId: 'app-1',
  originatingSystem: 'FastifyAPI',
  identifiers: { userId: '42' },
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

const common = { processName: 'onboard-user', identity };

/** The event of a start. */
export function requested(idempotencyKey?: string, startAt?: string): ProcessEvent {
  const events = decide(
    {
      ...common,
      actor: 'ada',
      type: 'request-process',
      variables: { userId: '42', nested: { list: [1, 'two', null] } },
      requestHash: 'hash',
      idempotencyKey,
      startAt,
      audit: { httpMethod: 'POST', endpoint: '/api/process/start', httpStatusCode: 202 },
    },
    null,
  );
  return one(events);
}

/** The success of a step; every `taskId` has its own dedupe key. */
export function stepCompleted(taskId: string, name = 'run-background-check'): ProcessEvent {
  return {
    ...common,
    type: 'step-completed',
    step: { name, number: 2 },
    audit: {
      httpMethod: 'POST',
      endpoint: 'http://partner/background-checks',
      httpStatusCode: 200,
      targetSystem: 'BackgroundCheck',
      executionTime: 12,
      result: 'Background check passed',
    },
    data: { taskId, attempt: 1, input: { userId: '42' }, output: { backgroundScore: 71 } },
    dedupeKey: `task:${taskId}:completed`,
  };
}

export function stepFailed(taskId: string, nth: number): ProcessEvent {
  return {
    ...common,
    type: 'step-failed',
    step: { name: 'run-background-check', number: 2 },
    audit: { httpStatusCode: 503, executionTime: 3, result: 'Background check not passed' },
    data: {
      taskId,
      attempt: nth,
      input: { userId: '42' },
      kind: 'technical',
      code: 'REMOTE_503',
      message: 'the partner answered 503',
      retriesLeft: 1,
      retryIn: 200,
    },
    dedupeKey: `task:${taskId}:failed:${nth}`,
  };
}

/** A step that ended in a business error. */
export function refused(taskId: string): ProcessEvent {
  return {
    ...common,
    type: 'step-failed',
    step: { name: 'a', number: 1 },
    audit: {},
    data: {
      taskId,
      attempt: 1,
      input: {},
      kind: 'business',
      code: 'NO_CREDIT',
      message: 'no credit',
      retriesLeft: 0,
      retryIn: 0,
    },
    dedupeKey: `task:${taskId}:failed:1`,
  };
}

export function completed(result: unknown = { message: 'Welcome' }): ProcessEvent {
  return {
    ...common,
    type: 'process-completed',
    audit: {},
    data: { result: result as never },
  };
}

export function failed(): ProcessEvent {
  return {
    ...common,
    type: 'process-failed',
    audit: {},
    data: { kind: 'business', code: 'NO', message: 'refused', failedStep: 'run-background-check' },
  };
}

/** A technical failure, which may be retried. */
export function broken(): ProcessEvent {
  return {
    ...common,
    type: 'process-failed',
    audit: {},
    data: { kind: 'technical', code: 'AWAY', message: 'the partner is away', failedStep: null },
  };
}

export function retried(): ProcessEvent {
  return { ...common, type: 'process-retried', audit: {}, data: { reason: 'mended' } };
}

export function started(processInstanceId = 'instance-1'): ProcessEvent {
  return { ...common, type: 'process-started', audit: {}, data: { processInstanceId } };
}

export function cancelled(): ProcessEvent {
  return { ...common, type: 'process-cancelled', audit: {}, data: { reason: 'no longer wanted' } };
}

function one(events: readonly ProcessEvent[]): ProcessEvent {
  const [event] = events;
  if (!event) throw new Error('no event');
  return event;
}

/** A state as the projection computes it, by default pending. */
export function stateOf(
  correlationId: string,
  version: number,
  status: ProcessState['status'] = 'pending',
): ProcessState {
  const at = '2026-01-01T00:00:00.000Z';
  return {
    correlationId,
    processName: 'onboard-user',
    status,
    data: status === 'ok' ? { message: 'Willkommen, 漢' } : null,
    error: status === 'error' ? { kind: 'business', code: 'NO', message: 'no', step: null } : null,
    currentStep: null,
    processInstanceId: null,
    startedAt: at,
    updatedAt: at,
    completedAt: status === 'pending' ? null : at,
    version,
  };
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
