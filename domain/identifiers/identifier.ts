import type { Json, JsonObject } from '../common/index.ts';

/** One business identifier of a process, as it is searched for. */
export interface Identifier {
  name: string;
  /** As text; of a personal one its keyed hash. */
  value: string;
  /** The value of a number, else null. */
  number: number | null;
  /** True for a personal one. */
  isHashed: boolean;
}

/** A process and the identifiers in its first event, which are those of all its events. */
export interface IdentifierSource {
  correlationId: string;
  processName: string;
  identifiers: JsonObject | undefined;
}

/** A row of the index. */
export interface IdentifierRow extends Identifier, Pick<IdentifierSource, 'correlationId'> {
  processName: string;
}

/** Characters of a name. Longer ones are not indexed. */
export const MAX_NAME = 100;
/** Characters of a value that is searched for. */
export const MAX_VALUE = 255;

/**
 * The identifiers that are indexed: texts, numbers and booleans. A longer value is cut one character behind what may be
 * searched for: it is found by its beginning, and never taken for a shorter one.
 */
export function indexedIn(identifiers: JsonObject | undefined): Identifier[] {
  if (!identifiers) return [];
  const found: Identifier[] = [];
  for (const [name, value] of Object.entries(identifiers)) {
    const text = textOf(value);
    if (text === null || !isName(name)) continue;
    const number = typeof value === 'number' ? value : null;
    found.push({ name, value: text, number, isHashed: false });
  }
  return found;
}

/** SQL Server ignores spaces at the end of a text: two names would be one. */
export function isName(name: string): boolean {
  return name !== '' && name.trim() === name && lengthOf(name) <= MAX_NAME;
}

/** The text of a value that is indexed, else null. */
export function textOf(value: Json | undefined): string | null {
  switch (typeof value) {
    case 'string':
      return cut(value.toWellFormed());
    case 'number':
    case 'boolean':
      return String(value);
    default:
      return null;
  }
}

/** Characters, not code units. */
export const lengthOf = (text: string): number => Array.from(text).length;

function cut(text: string): string {
  if (text.length <= MAX_VALUE) return text;
  return Array.from(text)
    .slice(0, MAX_VALUE + 1)
    .join('');
}
