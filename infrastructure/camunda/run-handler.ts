import type { z } from 'zod';
import {
  BusinessRuleError,
  cutText,
  dateNames,
  describeUnstorable,
  findUnstorable,
  type Json,
  type JsonObject,
  redact,
} from '../../domain/common/index.ts';
import {
  type Audit,
  type ProcessIdentity,
  reservedAmong,
  reservedValues,
} from '../../domain/process/index.ts';
import {
  DEFAULT_STEP_TIMEOUT,
  type ProcessDefinition,
  type StepContext,
  type StepDefinition,
  type StepLogger,
} from '../../domain/steps/index.ts';
import { tracedHttp } from '../observability/observed-steps.ts';
import { definedOf, NO_TRACING, type Tracing } from '../observability/tracing.ts';
import { createStepHttp } from './step-http.ts';
import { toJson } from './variables.ts';

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
      hopeless: boolean;
    }
  /** The service stops: nothing is to be recorded, somebody else will do it. */
  | { kind: 'interrupted' };

export interface Attempt {
  definition: ProcessDefinition;
  step: StepDefinition;
  settings: unknown;
  correlationId: string;
  taskId: string;
  attempt: number;
  identity: ProcessIdentity;
  variables: Record<string, unknown>;
  log: StepLogger;
  /** Fires when the service stops. */
  stopping: AbortSignal;
  tracing?: Tracing | undefined;
}

/** Runs a step's handler once, with its input checked, its time limited and its calls audited. */
export async function runHandler(attempt: Attempt): Promise<Outcome> {
  const { step, stopping } = attempt;
  const audit: Audit = { targetSystem: 'CamundaEngine', ...step.audit };
  const began = performance.now();
  const given = inputOf(attempt);
  const input = redact(toJson(given), step.redact ?? []);
  const finish = (status: number, result: string): Audit => ({
    ...audit,
    httpStatusCode: audit.httpStatusCode ?? status,
    executionTime: Math.round(performance.now() - began),
    result,
  });
  const failed = (code: string, message: string, hopeless: boolean): Outcome => ({
    kind: 'technical',
    input,
    code,
    message,
    hopeless,
    audit: finish(500, step.errorText),
  });

  const unreadable = findUnstorable(given);
  if (unreadable) return failed('INVALID_INPUT', describeUnstorable('input', unreadable), true);
  const parsed = parseInput(step, given);
  if (!parsed.success) return failed('INVALID_INPUT', problems('input', parsed.error), true);
  try {
    const raw = await withTimeout(attempt, (signal) =>
      step.handle(parsed.data, contextOf(attempt, audit, signal)),
    );
    const output = step.output.safeParse(raw);
    if (!output.success) return failed('INVALID_OUTPUT', problems('output', output.error), false);
    const unstorable = findUnstorable(output.data);
    if (unstorable)
      return failed('INVALID_OUTPUT', describeUnstorable('output', unstorable), false);
    const [reserved] = reservedAmong(Object.keys(output.data));
    if (reserved !== undefined) {
      const message = `output.${reserved}: a step must not set this variable, the service does`;
      return failed('RESERVED_VARIABLE', message, true);
    }
    return {
      kind: 'completed',
      input,
      output: toJson(output.data),
      dates: dateNames(output.data),
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
const MAX_CODE = 255;

/** What the step asks for: the service's own variables as the stream has them, the others as the engine has. */
function inputOf({ step, correlationId, identity, variables }: Attempt): Record<string, unknown> {
  const reserved: Record<string, unknown> = reservedValues(correlationId, identity);
  const given = Object.keys(step.input.shape).map((name): [string, unknown] => [
    name,
    name in reserved ? reserved[name] : variables[name],
  ]);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** A variable that is a date is one for a step that wants one, and its text for a step that wants that. */
function parseInput({ input }: StepDefinition, given: Record<string, unknown>) {
  const parsed = input.safeParse(given);
  if (parsed.success) return parsed;
  const fitting = Object.entries(given).map(([name, value]) => {
    if (!(value instanceof Date)) return [name, value];
    const field = input.shape[name] as z.ZodType;
    return [name, field.safeParse(value).success ? value : value.toISOString()];
  });
  const again = input.safeParse(Object.fromEntries(fitting));
  return again.success ? again : parsed;
}

class StepTimeoutError extends Error {
  readonly code = 'STEP_TIMEOUT';
}

/** A handler that does not heed its signal is left behind: its attempt is over all the same. */
async function withTimeout<T>(
  { step, stopping }: Attempt,
  handle: (signal: AbortSignal) => Promise<T> | T,
): Promise<T> {
  const timeout = step.timeout ?? DEFAULT_STEP_TIMEOUT;
  const controller = new AbortController();
  const { signal } = controller;
  const stop = (): void => controller.abort(stopping.reason);
  stopping.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(() => {
    controller.abort(new StepTimeoutError(`the step took longer than ${timeout} ms`));
  }, timeout);
  // It listens before the handler does: that time is up says more than what a handler throws for it.
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => {});
  try {
    return await Promise.race([handle(signal), aborted]);
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener('abort', stop);
  }
}

function contextOf(attempt: Attempt, audit: Audit, signal: AbortSignal): StepContext<unknown> {
  const { correlationId, taskId, identity, definition, settings, log } = attempt;
  const headers = {
    'idempotency-key': taskId,
    'x-correlation-id': correlationId,
    ...definedOf(identity),
  };
  return {
    correlationId,
    processKey: definition.key,
    attempt: attempt.attempt,
    idempotencyKey: taskId,
    identity,
    settings,
    http: tracedHttp(createStepHttp({ audit, headers, signal }), attempt.tracing ?? NO_TRACING),
    log,
    signal,
  };
}

function problems(
  what: string,
  error: { issues: readonly { path: PropertyKey[]; message: string }[] },
): string {
  return error.issues
    .map((issue) => `${[what, ...issue.path].join('.')}: ${issue.message}`)
    .join('; ');
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && code !== '' ? cutText(code, MAX_CODE) : 'STEP_FAILED';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
