/** Deeper than any real data; a value that contains itself is found by it. */
const MAX_DEPTH = 200;

/** A value that JSON cannot store unchanged. */
interface UnstorableValue {
  /** Names and indexes from the outside in. */
  path: readonly string[];
  message: string;
}

/**
 * Finds the first part of a value that JSON would change or drop: text that is not Unicode, NaN, Infinity, bigints,
 * functions, maps, sets and invalid dates. Undefined is allowed: JSON leaves it out. A value with `toJSON` is
 * checked as that returns it.
 *
 * @returns null when JSON stores the value unchanged
 */
export function findUnstorable(
  value: unknown,
  path: readonly string[] = [],
): UnstorableValue | null {
  const wrong = problemOf(value);
  if (wrong) return { path, message: wrong };
  if (value === null || typeof value !== 'object' || value instanceof Date) return null;
  if (path.length >= MAX_DEPTH) {
    return { path: path.slice(0, 2), message: `is nested deeper than ${MAX_DEPTH} levels` };
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return findUnstorable(value.toJSON(), path);
  }
  for (const [name, field] of Object.entries(value)) {
    if (!name.isWellFormed()) return { path, message: `has a field whose name ${NOT_UNICODE}` };
    const found = findUnstorable(field, [...path, name]);
    if (found) return found;
  }
  return null;
}

/** The problem as one sentence; `what` names the value that the path starts in. */
export function describeUnstorable(what: string, { path, message }: UnstorableValue): string {
  return `${[what, ...path].join('.')}: ${message}`;
}

const NOT_UNICODE = 'is not Unicode: it contains an unpaired surrogate';

function problemOf(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? null : `is text that ${NOT_UNICODE}`;
    case 'number':
      return Number.isFinite(value) ? null : `is ${value}, which JSON cannot represent`;
    case 'bigint':
      return 'is a bigint, which JSON cannot represent; give its digits as text';
    case 'function':
    case 'symbol':
      return `is a ${typeof value}, which JSON cannot represent`;
    default:
  }
  if (value instanceof Map || value instanceof Set) {
    return `is a ${value.constructor.name}, which JSON cannot represent; give an object or a list`;
  }
  return value instanceof Date && Number.isNaN(value.getTime()) ? 'is an invalid date' : null;
}
