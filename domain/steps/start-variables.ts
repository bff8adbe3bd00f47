import { dateNames, findUnstorable, type JsonObject } from '../common/index.ts';
import type { ProcessDefinition } from './define-process.ts';

type StartVariables =
  | {
      kind: 'valid';
      variables: JsonObject;
      /** Names of the variables that are dates. */
      dates: string[];
      /** Business identifiers of the process. */
      identifiers: JsonObject;
      /** As the schema returned them: earlier releases hashed this. */
      parsed: unknown;
    }
  | { kind: 'invalid'; errors: { path: string; message: string }[] };

/**
 * Checks the variables of a start by the schema of the process, and that what the schema makes of them can be kept.
 * A bigint becomes the text of its digits: neither JSON nor a double holds it.
 */
export function readStartVariables(definition: ProcessDefinition, given: unknown): StartVariables {
  const parsed = definition.input.safeParse(given);
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
  const identifiers = withoutBigints(definition.identifiers(parsed.data as JsonObject));
  const unstorable =
    findUnstorable(variables, ['variables']) ?? findUnstorable(identifiers, ['identifiers']);
  if (unstorable) {
    const message = `${unstorable.message}; the schema of the process made it of what was sent`;
    return { kind: 'invalid', errors: [{ path: unstorable.path.join('.'), message }] };
  }
  return {
    kind: 'valid',
    variables: toJson(variables),
    dates: dateNames(variables),
    identifiers: toJson(identifiers),
    parsed: parsed.data,
  };
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
