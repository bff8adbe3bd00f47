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
  toStorableJson,
  traceContextHeaders,
} from '../common/index.ts';
import { type Audit, reservedAmong, reservedValues } from '../process/index.ts';
import {
  DEFAULT_STEP_TIMEOUT,
  type StepContext,
  type StepDefinition,
  type StepHttp,
} from './define-process.ts';
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
  const given = inputOf(run);
  const input = redact(toStorableJson(given), step.redact ?? []);
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

  const unreadable = findUnstorable(given);
  if (unreadable) return failed('INVALID_INPUT', describeUnstorable('input', unreadable), true);
  const parsed = parseInput(run, given);
  if (!parsed.success) return failed('INVALID_INPUT', problems('input', parsed.error), true);
  try {
    const raw = await withTimeout(step.timeout ?? DEFAULT_STEP_TIMEOUT, stopping, (signal) =>
      step.handle(parsed.data, contextOf(run, attempt, audit, signal)),
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
      output: toStorableJson(output.data),
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
function inputOf({ step, stream, task }: HandlerRun): Record<string, unknown> {
  const { variables } = task;
  const reserved: Record<string, unknown> = reservedValues(stream.correlationId, stream.identity);
  const given = Object.keys(step.input.shape).map((name): [string, unknown] => [
    name,
    name in reserved ? reserved[name] : variables[name],
  ]);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/**
 * A variable that is a date is one for a step that wants one, and its text for a step that wants that. A list or map
 * that the model makes is one, or the text of its JSON.
 */
function parseInput({ step, task }: HandlerRun, given: Record<string, unknown>) {
  const { input }: StepDefinition = step;
  const parsed = input.safeParse(given);
  if (parsed.success) return parsed;
  const textOf = (name: string, value: unknown): string | undefined => {
    if (value instanceof Date) return value.toISOString();
    return task.isObject(name) ? JSON.stringify(value) : undefined;
  };
  const fitting = Object.entries(given).map(([name, value]) => {
    const text = textOf(name, value);
    const field = input.shape[name] as z.ZodType;
    return [name, text === undefined || field.safeParse(value).success ? value : text];
  });
  const again = input.safeParse(Object.fromEntries(fitting));
  return again.success ? again : parsed;
}

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
