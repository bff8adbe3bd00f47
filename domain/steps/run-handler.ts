import {
  BusinessRuleError,
  cutText,
  type Json,
  type JsonObject,
  traceContextHeaders,
} from '../common/index.ts';
import type { Audit } from '../process/index.ts';
import { DEFAULT_STEP_TIMEOUT, type StepContext, type StepHttp } from './define-process.ts';
import { readInput, readOutput } from './step-data.ts';
import type { StepPorts, StepRun } from './step-run.ts';
import type { Task } from './task.ts';
import type { TaskStream } from './task-owner.ts';
import { withTimeout } from './with-timeout.ts';

/** What came of one attempt. */
export type Outcome =
  | {
      kind: 'completed';
      input: Json;
      output: JsonObject;
      /** Names of the outputs that are dates. */
      dates: string[];
      audit: Audit;
    }
  | { kind: 'business'; input: Json; code: string; message: string; audit: Audit }
  | {
      kind: 'technical';
      input: Json;
      code: string;
      message: string;
      audit: Audit;
      /** True when another attempt with the same input must fail the same way. */
      nonRetryable: boolean;
      /** What a worker elsewhere says of the next attempt; left out: the retry policy of the step decides. */
      asked?: { retriesLeft?: number | undefined; retryIn?: number | undefined };
    }
  /** The service stops: nothing is to be recorded, somebody else will do it. */
  | { kind: 'interrupted' };

/** What a handler needs of its run. */
type HandlerRun = Pick<StepRun, 'definition' | 'step' | 'settings' | 'log' | 'stopping'> & {
  task: Pick<Task, 'id' | 'variables' | 'isObject'>;
  stream: Pick<TaskStream, 'correlationId' | 'identity'>;
  ports: Pick<StepPorts, 'openHttp'>;
};

/**
 * Runs a step's handler once, with its input checked, its time limited and its calls audited.
 *
 * @param attempt number of the attempt, from 1
 */
export async function runHandler(run: HandlerRun, attempt: number): Promise<Outcome> {
  const { step, stopping } = run;
  const audit: Audit = { targetSystem: 'CamundaEngine', ...step.audit };
  const began = performance.now();
  const given = readInput(run);
  const { input } = given;
  const finish = (status: number, result: string): Audit => ({
    ...audit,
    httpStatusCode: audit.httpStatusCode ?? status,
    executionTime: Math.round(performance.now() - began),
    result,
  });
  const failed = (code: string, message: string, nonRetryable: boolean): Outcome => ({
    kind: 'technical',
    input,
    code,
    message,
    nonRetryable,
    audit: finish(500, step.errorText),
  });

  if (given.kind === 'unfit') return failed(given.code, given.message, true);
  try {
    const raw = await withTimeout(step.timeout ?? DEFAULT_STEP_TIMEOUT, stopping, (signal) =>
      step.handle(given.parsed, contextOf(run, attempt, audit, signal)),
    );
    const made = readOutput(step, raw);
    if (made.kind === 'unfit') return failed(made.code, made.message, made.nonRetryable);
    return {
      kind: 'completed',
      input,
      output: made.output,
      dates: made.dates,
      audit: finish(200, step.successText),
    };
  } catch (error) {
    if (error instanceof BusinessRuleError) {
      const { message } = error;
      const code = cutText(error.code, MAX_CODE);
      return { kind: 'business', input, code, message, audit: finish(422, step.errorText) };
    }
    if (stopping.aborted) return { kind: 'interrupted' };
    return failed(codeOf(error), messageOf(error), false);
  }
}

/** UTF-16 units of a code that are kept: what the audit trail's columns hold. */
export const MAX_CODE = 255;

/** Logger, signal and HTTP client are made when the handler asks for them: many need none. */
function contextOf(
  run: HandlerRun,
  attempt: number,
  audit: Audit,
  signal: () => AbortSignal,
): StepContext<unknown> {
  const { definition, settings, task, stream, ports } = run;
  const { correlationId, identity } = stream;
  let http: StepHttp | undefined;
  const openHttp = (): StepHttp => {
    const headers = {
      'idempotency-key': task.id,
      'x-correlation-id': correlationId,
      ...traceContextHeaders(identity),
    };
    return ports.openHttp({ audit, headers, signal: signal() });
  };
  return {
    correlationId,
    processKey: definition.key,
    attempt,
    idempotencyKey: task.id,
    identity,
    settings,
    get http() {
      http ??= openHttp();
      return http;
    },
    get log() {
      return run.log;
    },
    get signal() {
      return signal();
    },
  };
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && code !== '' ? cutText(code, MAX_CODE) : 'STEP_FAILED';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
