import type { Command } from '../../domain/decide.ts';
import { DEFAULT_RETRY, type StepDefinition } from '../../domain/define-process.ts';
import type { Audit, ProcessIdentity } from '../../domain/events.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Random } from './random.ts';
import type { PlannedStep, Subject } from './subjects.ts';

/** Something that happens to a process, and when. */
export interface Move {
  /** Milliseconds since the epoch. */
  at: number;
  command: Command;
  /** How many events it leads to. */
  events: 1 | 2;
}

/**
 * How a process goes.
 *
 * - `well`: every step at its first attempt; `bumpy`: one of them after failed attempts
 * - `mended`: it fails for a technical reason, somebody has it retried, and it ends well
 * - `refused`, `broken`, `cancelled`: the three ways to end in an error
 * - `pending`: it has not ended
 */
export type Plot = 'well' | 'bumpy' | 'mended' | 'refused' | 'broken' | 'cancelled' | 'pending';

/** No course takes longer, in milliseconds. */
export const LONGEST_MS = 4 * 3_600_000;
const MINUTE_MS = 60_000;

export interface Beginning {
  /** Milliseconds since the epoch. */
  at: number;
  identity: ProcessIdentity;
  requestHash: string;
}

/** What one process goes through, 4 to 10 events, as the commands that cause them. */
export function createCourse(
  random: Random,
  subject: Subject,
  plot: Plot,
  beginning: Beginning,
): Move[] {
  const { definition, steps, variables } = subject;
  const { identity, requestHash } = beginning;
  const common = { processName: definition.key, identity };
  const moves: Move[] = [];
  let now = beginning.at;

  function add(after: number, command: Command, events: Move['events'] = 1): void {
    now += after;
    moves.push({ at: now, command, events });
  }

  function complete(
    step: StepDefinition,
    work: { taskId: string; attempt: number; input: JsonObject; output: JsonObject; audit: Audit },
    ends?: Extract<Command, { type: 'complete-step' }>['ends'],
  ): void {
    const { audit, ...data } = work;
    const place = { name: step.name, number: step.number };
    const command = { ...common, type: 'complete-step', step: place, audit, data } as const;
    add(
      (audit.executionTime ?? 0) + random.between(2, 40),
      ends ? { ...command, ends } : command,
      ends ? 2 : 1,
    );
  }

  /** @returns how often the task has failed then */
  function fail(planned: PlannedStep, taskId: string, retries: readonly number[]): number {
    const { step, input } = planned;
    for (const [at, retriesLeft] of retries.entries()) {
      const retryIn = retriesLeft > 0 ? DEFAULT_RETRY.backoff * 2 ** at : 0;
      const failure = planned.call
        ? { code: 'REMOTE_503', message: `POST ${planned.call.endpoint} answered 503` }
        : { code: 'STEP_TIMEOUT', message: 'the step took longer than 30000 ms' };
      const executionTime = planned.call ? random.between(5, 900) : 30_000;
      const audit = { ...auditOf(planned, planned.call ? 503 : 500), executionTime };
      add(
        executionTime + random.between(2, 40),
        {
          ...common,
          type: 'fail-step',
          step: { name: step.name, number: step.number },
          audit: { ...audit, result: step.errorText },
          earlierFailures: at,
          data: {
            taskId,
            attempt: at + 1,
            input,
            kind: 'technical',
            ...failure,
            retriesLeft,
            retryIn,
          },
        },
        retriesLeft === 0 ? 2 : 1,
      );
      now += retryIn;
    }
    return retries.length;
  }

  /** A rule says no, and the error path ends the process. */
  function refuse(
    planned: PlannedStep,
    { code, message }: { code: string; message: string },
  ): void {
    const { step, input } = planned;
    const executionTime = random.between(1, 120);
    add(executionTime + random.between(2, 40), {
      ...common,
      type: 'fail-step',
      step: { name: step.name, number: step.number },
      audit: {
        ...auditOf(planned, planned.call?.status ?? 422),
        executionTime,
        result: step.errorText,
      },
      earlierFailures: 0,
      data: {
        taskId: random.uuid(),
        attempt: 1,
        input,
        kind: 'business',
        code,
        message,
        retriesLeft: 0,
        retryIn: 0,
      },
    });
    const { errorStep } = subject;
    complete(
      errorStep,
      {
        taskId: random.uuid(),
        attempt: 1,
        input: { errorCode: code, errorMessage: message },
        output: { code, message },
        audit: {
          targetSystem: 'CamundaEngine',
          httpStatusCode: 200,
          executionTime: random.between(0, 3),
          result: errorStep.successText,
        },
      },
      { status: 'error', kind: 'business', code, message, step: step.name },
    );
  }

  add(0, {
    ...common,
    type: 'request-process',
    audit: httpAudit('start'),
    variables,
    requestHash,
  });
  // Who asks for the start is known when the events have their ids.
  add(random.between(2, 40), {
    ...common,
    type: 'record-start',
    processInstanceId: random.uuid(),
    requestId: '',
  });
  const turning = turningPoint(random, subject, plot);
  for (const [at, planned] of steps.entries()) {
    const taskId = random.uuid();
    let failures = 0;
    if (at === turning) {
      if (plot === 'pending') break;
      if (plot === 'cancelled') {
        const audit = httpAudit(':correlationId/cancel');
        const reason = 'ordered twice';
        add(random.between(1_000, 10 * MINUTE_MS), {
          ...common,
          type: 'cancel-process',
          audit,
          reason,
        });
        break;
      }
      if (plot === 'refused' && planned.refusal) {
        refuse(planned, planned.refusal);
        break;
      }
      if (plot === 'bumpy') failures = fail(planned, taskId, random.chance(0.7) ? [2] : [2, 1]);
      if (plot === 'broken') {
        fail(planned, taskId, [2, 1, 0]);
        break;
      }
      if (plot === 'mended') {
        failures = fail(planned, taskId, [0]);
        const audit = httpAudit(':correlationId/retry');
        const reason = 'the partner is back';
        add(random.between(MINUTE_MS, 20 * MINUTE_MS), {
          ...common,
          type: 'retry-process',
          audit,
          reason,
        });
      }
    }
    now += planned.wait ?? 0;
    const { step, input, output } = planned;
    const executionTime = planned.call ? random.between(8, 900) : random.between(0, 4);
    const audit = {
      ...auditOf(planned, planned.call?.status ?? 200),
      executionTime,
      result: step.successText,
    };
    const ends = at === steps.length - 1 ? ({ status: 'ok', result: output } as const) : undefined;
    complete(step, { taskId, attempt: failures + 1, input, output, audit }, ends);
  }
  return moves;
}

/** The step at which something happens that is not in the plan; -1 for none. */
function turningPoint(random: Random, { steps }: Subject, plot: Plot): number {
  const any = (where: (step: PlannedStep) => boolean): number => {
    const fitting = steps.flatMap((step, at) => (where(step) ? [at] : []));
    return fitting[random.between(0, fitting.length - 1)] ?? -1;
  };
  switch (plot) {
    case 'well':
      return -1;
    case 'refused':
      return any(({ refusal }) => refusal !== undefined);
    case 'bumpy':
    case 'broken':
    case 'mended':
      return any(({ call }) => call !== undefined);
    // Not before the third step: with the two events of the start they are four then.
    case 'cancelled':
    case 'pending':
      return random.between(2, steps.length - 1);
    default:
      return plot satisfies never;
  }
}

function auditOf({ step, call }: PlannedStep, httpStatusCode: number): Audit {
  const target = { targetSystem: 'CamundaEngine', ...step.audit };
  return call
    ? { ...target, httpMethod: 'POST', endpoint: call.endpoint, httpStatusCode }
    : { ...target, httpStatusCode };
}

function httpAudit(path: string): Audit {
  return { httpMethod: 'POST', endpoint: `/api/process/${path}`, httpStatusCode: 202 };
}
