import type { z } from 'zod';
import { isPath, type JsonObject } from '../common/index.ts';
import type { Audit, ProcessIdentity } from '../process/index.ts';
import {
  isUserTask,
  type UserTaskBuilder,
  type UserTaskDefinition,
  type UserTaskStep,
} from './define-user-task.ts';
import { checkNames } from './step-names.ts';

/** The logger of a step; pino's loggers fit. */
export interface StepLogger {
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
}

export interface HttpCall {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  /** Sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
}

export interface HttpAnswer {
  status: number;
  /** The parsed JSON body, or the text when it is not JSON. */
  body: unknown;
}

/**
 * A client whose calls end up in the step's audit row: method, endpoint without its query, status
 * code. It sends the idempotency key, the correlation id and the trace context along. A status of
 * 500 and above, 408, 425 or 429 throws and so leads to a retry; every other answer is returned.
 */
export type StepHttp = (call: HttpCall) => Promise<HttpAnswer>;

export interface StepContext<Settings> {
  correlationId: string;
  processKey: string;
  /** From 1. */
  attempt: number;
  /** The same in every attempt at this task: pass it to systems that recognise a repeated call. */
  idempotencyKey: string;
  identity: ProcessIdentity;
  settings: Settings;
  http: StepHttp;
  log: StepLogger;
  /** Fires when the step's time is up or the service stops. */
  signal: AbortSignal;
}

export interface RetryPolicy {
  /** Attempts in all, the first included. */
  attempts: number;
  /** Milliseconds before the second attempt; doubled before each later one. */
  backoff: number;
  /** Longest delay between attempts, in milliseconds. */
  maxBackoff: number;
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 3, backoff: 1_000, maxBackoff: 60_000 };
/** Milliseconds a handler may take when its step does not say. */
export const DEFAULT_STEP_TIMEOUT = 30_000;

/** What a step says of itself, with a handler here or a worker elsewhere. */
interface StepFacts<Input extends z.ZodObject, Output extends z.ZodObject> {
  name: string;
  /** The topic of its tasks, as the model has it; left out: `<process key>.<name>`. Processes may share one. */
  topic?: string;
  /**
   * Ids of the tasks it does, where several steps of a process share a topic; left out: all tasks of its
   * topic that no other step names.
   */
  tasks?: readonly string[];
  /** Position for people and reports; kept in the event's `step`. */
  number: number;
  /** The process variables the step needs; only these are fetched. */
  input: Input;
  /** What its handler returns or its worker sends; each field becomes a process variable. */
  output: Output;
  /** The event's `result` after success, and after failure. */
  successText: string;
  errorText: string;
  /** For the audit row when the handler makes no HTTP call of its own. */
  audit?: Pick<Audit, 'httpMethod' | 'endpoint' | 'targetSystem'>;
  retry?: Partial<RetryPolicy>;
  /** Paths in the input whose values are written to the log as `[redacted]`, e.g. `card.number`. */
  redact?: readonly string[];
  /**
   * Set on a final step: `ok`: its output is the result of the process; `error`: its output, which
   * must have `code` and `message`, is the refusal.
   */
  ends?: 'ok' | 'error';
}

export interface StepDefinition<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodObject = z.ZodObject,
  Settings = unknown,
> extends StepFacts<Input, Output> {
  /** Milliseconds a handler may take; then it counts as a technical failure. */
  timeout?: number;
  /** A worker in whatever language does its tasks, over `/engine-rest/external-task`. */
  elsewhere?: boolean;
  handle(
    input: z.output<Input>,
    context: StepContext<Settings>,
  ): Promise<z.input<Output>> | z.input<Output>;
}

/** A step that a worker in whatever language does: it has schemas and an audit row, and no handler. */
interface StepElsewhere<Input extends z.ZodObject, Output extends z.ZodObject>
  extends StepFacts<Input, Output> {
  elsewhere: true;
  handle?: never;
  /** The worker says how long it takes by its lock. */
  timeout?: never;
}

export interface ProcessDefinition {
  /** Id of the BPMN process, name of its folder and file. */
  key: string;
  /** Ids of the other executable processes in its file: its steps do their tasks too. Read from the file. */
  siblings?: readonly string[];
  title: string;
  /** What a start must bring; unknown variables are refused when it is a strict object. */
  input: z.ZodObject;
  /** Read once from the environment at start: names are the environment variables' names. */
  settings: z.ZodObject;
  steps: readonly StepDefinition[];
  /** Those that the process defines; left out: none. */
  userTasks?: readonly UserTaskDefinition[];
  /** Business identifiers for every event, from the start variables. */
  identifiers: (input: JsonObject) => JsonObject;
  /** Variables of a start that works, for the documentation. */
  example: JsonObject;
  /** Topics whose tasks other workers do; see `defineProcess`. */
  elsewhere?: readonly string[];
  /** Paths of what is personal; see `defineProcess`. Empty: nothing is. */
  personal: readonly string[];
}

/** Binds a step's types together, and the settings of its process. */
export type StepBuilder<Settings> = <Input extends z.ZodObject, Output extends z.ZodObject>(
  step:
    | (StepDefinition<Input, Output, Settings> & { elsewhere?: false })
    | StepElsewhere<Input, Output>,
) => StepDefinition;

/** The variable in which the service passes on the text of a refusal, which may quote anything. */
const REFUSAL_TEXT = 'errorMessage';

/**
 * Defines a process: the typed side of the BPMN file of the same name in the same folder.
 *
 * `personal` says which values are about a person: paths as for `redact`, in the variables of the start, the
 * inputs and outputs of the steps, the result and the business identifiers. They are stored encrypted when
 * there is a PERSONAL_DATA_KEY, and can then be erased; free texts of such a process are, too.
 *
 * `steps` gets two builders: one for the steps that handlers do, one for user tasks.
 *
 * A step with `elsewhere: true` is done by a worker in whatever language, and journaled like the others.
 * `elsewhere` of the process names the topics in the BPMN file whose tasks nothing here knows of: no step is needed for
 * them, and none is journaled. One of them may end the process by `POST /api/process/complete`.
 *
 * @throws Error for an invalid name (see `checkNames`), repeated names or numbers, or an invalid path
 */
export function defineProcess<Input extends z.ZodObject, Settings extends z.ZodObject>(definition: {
  key: string;
  title: string;
  input: Input;
  settings: Settings;
  identifiers: (input: z.output<Input>) => JsonObject;
  example: z.input<Input> & JsonObject;
  personal?: readonly string[];
  elsewhere?: readonly string[];
  steps: (
    step: StepBuilder<z.output<Settings>>,
    userTask: UserTaskBuilder,
  ) => readonly (StepDefinition | UserTaskStep)[];
}): ProcessDefinition {
  const { key, title, input, settings, example } = definition;
  // The builder of steps ties a handler's types to its schemas, and the runtime calls `handle` with nothing but what
  // those schemas returned.
  const all = definition.steps(
    (step) => withHandler(key, step as Partial<StepDefinition> & { name: string }),
    (task) => ({ ...task, kind: 'user-task' }),
  );
  const userTasks = all.filter(isUserTask);
  const steps = all.filter((step): step is StepDefinition => !isUserTask(step));
  checkNames(key, steps, userTasks);
  const { personal = [], elsewhere = [] } = definition;
  const wrong = personal.find((path) => !isPath(path));
  if (wrong !== undefined) {
    throw new Error(
      `process ${key}: personal: "${wrong}" is not a path; it must be names with dots between them`,
    );
  }
  return {
    key,
    title,
    input,
    settings,
    steps,
    userTasks,
    example,
    elsewhere,
    personal: personal.length === 0 ? [] : [...personal, REFUSAL_TEXT, ...textsOf(steps)],
    identifiers: (variables) => definition.identifiers(variables as z.output<Input>),
  };
}

/** @throws Error for a step that nobody does, or that two do */
function withHandler(
  key: string,
  step: Partial<StepDefinition> & { name: string },
): StepDefinition {
  const name = `process ${key}: the step "${step.name}"`;
  if (!step.elsewhere) {
    if (!step.handle) throw new Error(`${name} needs handle, or elsewhere: true`);
    return step as StepDefinition;
  }
  if (step.handle) throw new Error(`${name} has both handle and elsewhere: true`);
  const handle = (): never => {
    throw new Error(`${name} is done elsewhere`);
  };
  return { ...(step as StepDefinition), handle };
}

/** The output of a step that refuses the process has a text under this name. */
function textsOf(steps: readonly StepDefinition[]): string[] {
  return steps.some(({ ends }) => ends === 'error') ? ['message'] : [];
}
