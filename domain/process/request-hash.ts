import { hash } from 'node:crypto';
import type { Json, JsonObject } from '../common/index.ts';

/** Marks a hash of the body as it was sent. Older releases hashed what the schema made of it, without this mark. */
const SENT = 'sent:';

/** Whether two starts ask for the same. */
export interface RequestHash {
  /** Stored with the process. */
  value: string;
  /** Whether a process with this hash was started by the same request. */
  equals(kept: string): boolean;
}

/**
 * Hashes a start as the caller sent it: what a schema makes of it (dates, defaults that differ each time, bigints) says
 * too little, or too much, of what was asked for.
 *
 * @param sent the body, before any schema
 * @param made the body as the schemas gave it back, for processes of releases that hashed that
 */
export function hashStart(sent: JsonObject, made: object): RequestHash {
  // To leave the variables out is to send none.
  const value = SENT + hashJson({ variables: {}, ...sent });
  return {
    value,
    equals: (kept) =>
      kept.startsWith(SENT) ? kept === value : isHashable(made) && kept === hashJson(made as Json),
  };
}

/** A bigint was an error for these releases. */
function isHashable(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return typeof value !== 'bigint';
  return Object.values(value).every(isHashable);
}

/** SHA-256, hex, of a JSON value whatever the order of its keys. */
export function hashJson(value: Json): string {
  return hash('sha256', canonical(value));
}

function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`);
  return `{${fields.join(',')}}`;
}
