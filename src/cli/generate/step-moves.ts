import type { JsonObject } from '../../../domain/common/index.ts';
import type { Audit, Command, ProcessIdentity } from '../../../domain/process/index.ts';
import { DEFAULT_RETRY, type StepDefinition } from '../../../domain/steps/index.ts';
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

interface StepMoves {
  /** A step ends well; the last one ends the process. */
  succeed(planned: PlannedStep, work: { taskId: string; attempt: number; isLast: boolean }): void;
  /**
   * A step fails for technical reasons, once for each number: the retries left then. None left ends the
   * process.
   *
   * @returns how often the task has failed then
   */
  fail(planned: PlannedStep, taskId: string, retries: readonly number[]): number;
  /** A rule refuses, and the error path ends the process. */
  refuse(planned: PlannedStep, refusal: { code: string; message: string }): void;
}

/** What may come of a step, as the step runtime would have reported it. */
export function createStepMoves(process: {
  random: Random;
  subject: Subject;
  identity: ProcessIdentity;
  /** Adds a move so many milliseconds after the one before. */
  add: (after: number, command: Command, events?: Move['events']) => void;
  wait: (milliseconds: number) => void;
  /** Makes the id of a task. */
  newId: () => string;
}): StepMoves {
  const { random, subject, identity, add, wait, newId } = process;
  const common = { processName: subject.definition.key, identity };

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
      wait(retryIn);
    }
    return retries.length;
  }

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
        taskId: newId(),
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
        taskId: newId(),
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

  return {
    succeed(planned, { taskId, attempt, isLast }) {
      wait(planned.wait ?? 0);
      const { step, input, output } = planned;
      const executionTime = planned.call ? random.between(8, 900) : random.between(0, 4);
      const audit = {
        ...auditOf(planned, planned.call?.status ?? 200),
        executionTime,
        result: step.successText,
      };
      const ends = isLast ? ({ status: 'ok', result: output } as const) : undefined;
      complete(step, { taskId, attempt, input, output, audit }, ends);
    },
    fail,
    refuse,
  };
}

function auditOf({ step, call }: PlannedStep, httpStatusCode: number): Audit {
  const target = { targetSystem: 'CamundaEngine', ...step.audit };
  return call
    ? { ...target, httpMethod: 'POST', endpoint: call.endpoint, httpStatusCode }
    : { ...target, httpStatusCode };
}
