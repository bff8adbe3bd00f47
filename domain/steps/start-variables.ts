import type { z } from 'zod';
import { dateNames, findUnstorable, type JsonObject } from '../common/index.ts';
import type { ProcessDefinition } from './define-process.ts';

interface Valid {
  kind: 'valid';
  variables: JsonObject;
  /** Names of the variables that are dates. */
  dates: string[];
  /** As the schema returned them: earlier releases hashed this. */
  parsed: unknown;
}

interface Invalid {
  kind: 'invalid';
  errors: { path: string; message: string }[];
}

type ReadVariables = Valid | Invalid;

type StartVariables =
  | (Valid & {
      /** Business identifiers of the process. */
      identifiers: JsonObject;
    })
  | Invalid;

/**
 * Checks the variables of a start by the schema of the process, and that what the schema makes of them can be kept.
 * A bigint becomes the text of its digits: neither JSON nor a double holds it.
 */
export function readStartVariables(definition: ProcessDefinition, given: unknown): StartVariables {
  const read = readVariables(definition.input, given);
  if (read.kind === 'invalid') return read;
  const identifiers = withoutBigints(definition.identifiers(read.parsed as JsonObject));
  const unstorable = findUnstorable(identifiers, ['identifiers']);
  if (unstorable) return notStorable(unstorable);
  return { ...read, identifiers: toJson(identifiers) };
}

/** Checks the variables that a caller sends by a schema, as those of a start. */
export function readVariables(schema: z.ZodObject, given: unknown): ReadVariables {
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    return {
      kind: 'invalid',
      errors: parsed.error.issues.map(({ path, message }) => ({
        path: ['variables', ...path].join('.'),
        message,
      })),
    };
  }
  const variables = withoutBigints(parsed.data) as Record<string, unknown>;
  const unstorable = findUnstorable(variables, ['variables']);
  if (unstorable) return notStorable(unstorable);
  return {
    kind: 'valid',
    variables: toJson(variables),
    dates: dateNames(variables),
    parsed: parsed.data,
  };
}

function notStorable({ path, message }: NonNullable<ReturnType<typeof findUnstorable>>): Invalid {
  const text = `${message}; the schema of the process made it of what was sent`;
  return { kind: 'invalid', errors: [{ path: path.join('.'), message: text }] };
}

/** What JSON makes of it: a date is its text. */
function toJson(value: unknown): JsonObject {
  return JSON.parse(JSON.stringify(value ?? {})) as JsonObject;
}

function withoutBigints(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(withoutBigints);
  if (value === null || typeof value !== 'object' || !isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, withoutBigints(field)]),
  );
}

/** Dates and the like stay what they are. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
