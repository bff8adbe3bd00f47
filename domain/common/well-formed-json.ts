import type { JsonObject } from './json.ts';

/** Any escape; first those of surrogate pairs, then of single surrogates. */
const ESCAPE =
  /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\./g;
const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/;
const PAIR_LENGTH = 12;

/**
 * The same JSON text with U+FFFD for every unpaired surrogate. `JSON.stringify` writes one as an escape, and readers
 * that keep text as UTF-8 (DuckDB, PostgreSQL) then refuse the whole text.
 */
export function wellFormedJson(text: string): string {
  if (!SURROGATE_ESCAPE.test(text)) return text;
  return text.replace(ESCAPE, (found) =>
    found.length < PAIR_LENGTH && SURROGATE_ESCAPE.test(found) ? '\\ufffd' : found,
  );
}

/** The values as an event can keep them: dates become texts, and all text becomes Unicode. */
export function toStorableJson(values: Record<string, unknown>): JsonObject {
  return JSON.parse(wellFormedJson(JSON.stringify(values))) as JsonObject;
}
