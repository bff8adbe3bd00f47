/** Deeper than any data, and the end of what refers to itself. */
const MAX_DEPTH = 200;

/** Something that JSON does not keep as it is. */
export interface UnkeptValue {
  /** Names and indexes from the outside in. */
  path: readonly string[];
  message: string;
}

/**
 * Finds in a value what would become something else, or nothing, in JSON: text that is not Unicode, numbers that are
 * none (NaN, Infinity), bigints, functions, maps and sets, dates that are none. What is undefined is left
 * out, and what has a `toJSON` is looked at as that gives it.
 *
 * @returns the first one, or null
 */
export function findUnkept(value: unknown, path: readonly string[] = []): UnkeptValue | null {
  const wrong = problemOf(value);
  if (wrong) return { path, message: wrong };
  if (value === null || typeof value !== 'object' || value instanceof Date) return null;
  if (path.length >= MAX_DEPTH) {
    return { path: path.slice(0, 2), message: `is nested deeper than ${MAX_DEPTH} levels` };
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return findUnkept(value.toJSON(), path);
  }
  for (const [name, field] of Object.entries(value)) {
    if (!name.isWellFormed()) return { path, message: `has a field whose name ${NOT_UNICODE}` };
    const found = findUnkept(field, [...path, name]);
    if (found) return found;
  }
  return null;
}

/** As one sentence, with the path behind `what`. */
export function describeUnkept(what: string, { path, message }: UnkeptValue): string {
  return `${[what, ...path].join('.')}: ${message}`;
}

const NOT_UNICODE = 'is not Unicode: half of a surrogate pair stands alone in it';

function problemOf(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? null : `is text that ${NOT_UNICODE}`;
    case 'number':
      return Number.isFinite(value) ? null : `is ${value}, which JSON does not have`;
    case 'bigint':
      return 'is a bigint, which JSON does not have; give its digits as text';
    case 'function':
    case 'symbol':
      return `is a ${typeof value}, which JSON does not have`;
    default:
  }
  if (value instanceof Map || value instanceof Set) {
    return `is a ${value.constructor.name}, which JSON does not have; give an object or a list`;
  }
  return value instanceof Date && Number.isNaN(value.getTime()) ? 'is a date that is none' : null;
}
