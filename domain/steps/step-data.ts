import type { z } from 'zod';
import {
  dateNames,
  describeUnstorable,
  findUnstorable,
  type Json,
  type JsonObject,
  redact,
  toStorableJson,
} from '../common/index.ts';
import { reservedAmong, reservedValues } from '../process/index.ts';
import type { StepDefinition } from './define-process.ts';
import type { Task } from './task.ts';
import type { TaskStream } from './task-owner.ts';

/** What the data of a step is read from. */
interface DataSource {
  step: StepDefinition;
  stream: Pick<TaskStream, 'correlationId' | 'identity'>;
  task: Pick<Task, 'variables' | 'isObject'>;
}

/** Data that does not fit its step. */
interface Unfit {
  kind: 'unfit';
  code: string;
  message: string;
}

type StepInput = {
  /** For the journal: redacted. */
  input: Json;
} & ({ kind: 'fits'; parsed: Record<string, unknown> } | Unfit);

type StepOutput =
  | {
      kind: 'fits';
      output: JsonObject;
      /** Names of the outputs that are dates. */
      dates: string[];
    }
  | (Unfit & {
      /** True when another attempt with the same input must fail the same way. */
      nonRetryable: boolean;
    });

/** Reads what the step asks for, and checks it by the schema of its input. */
export function readInput(source: DataSource): StepInput {
  const given = inputOf(source);
  const input = redact(toStorableJson(given), source.step.redact ?? []);
  const unfit = (message: string): StepInput => ({
    kind: 'unfit',
    code: 'INVALID_INPUT',
    message,
    input,
  });
  const unreadable = findUnstorable(given);
  if (unreadable) return unfit(describeUnstorable('input', unreadable));
  const parsed = parseInput(source, given);
  if (!parsed.success) return unfit(problems('input', parsed.error));
  return { kind: 'fits', parsed: parsed.data, input };
}

/**
 * Checks what a handler returned, or a worker elsewhere sent, by the schema of the output.
 *
 * @param what names it in what is wrong
 * @param textOf the text of a value that may stand for it; left out: of none
 */
export function readOutput(
  { output: schema }: StepDefinition,
  raw: unknown,
  { what = 'output', textOf }: { what?: string; textOf?: TextOf } = {},
): StepOutput {
  const unfit = (message: string): StepOutput => ({
    kind: 'unfit',
    code: 'INVALID_OUTPUT',
    message,
    nonRetryable: false,
  });
  const output = textOf
    ? parseFitting(schema, raw as Record<string, unknown>, textOf)
    : schema.safeParse(raw);
  if (!output.success) return unfit(problems(what, output.error));
  const unstorable = findUnstorable(output.data);
  if (unstorable) return unfit(describeUnstorable(what, unstorable));
  const [reserved] = reservedAmong(Object.keys(output.data));
  if (reserved !== undefined) {
    const message = `${what}.${reserved}: a step must not set this variable, the service does`;
    return { kind: 'unfit', code: 'RESERVED_VARIABLE', message, nonRetryable: true };
  }
  return { kind: 'fits', output: toStorableJson(output.data), dates: dateNames(output.data) };
}

/** What the step asks for: the service's own variables as the stream has them, the others as the engine has. */
function inputOf({ step, stream, task }: DataSource): Record<string, unknown> {
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
function parseInput({ step, task }: DataSource, given: Record<string, unknown>) {
  return parseFitting(step.input, given, (name, value) => {
    if (value instanceof Date) return value.toISOString();
    return task.isObject(name) ? JSON.stringify(value) : undefined;
  });
}

/** The text that stands for a value as well; undefined: none does. */
type TextOf = (name: string, value: unknown) => string | undefined;

/** Parses values by a schema, and those that do not fit by their text. */
function parseFitting(schema: z.ZodObject, given: Record<string, unknown>, textOf: TextOf) {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed;
  const fitting = Object.entries(given).map(([name, value]) => {
    const text = textOf(name, value);
    const field = schema.shape[name] as z.ZodType;
    return [name, text === undefined || field.safeParse(value).success ? value : text];
  });
  const again = schema.safeParse(Object.fromEntries(fitting));
  return again.success ? again : parsed;
}

function problems(
  what: string,
  error: { issues: readonly { path: PropertyKey[]; message: string }[] },
): string {
  return error.issues
    .map((issue) => `${[what, ...issue.path].join('.')}: ${issue.message}`)
    .join('; ');
}
