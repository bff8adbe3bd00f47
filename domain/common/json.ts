/** Any value that survives `JSON.parse(JSON.stringify(value))`. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json | undefined;
}

/** An instant in UTC with milliseconds, `2026-01-31T12:00:00.000Z`: sorts as text, survives JSON. */
export type Timestamp = string;
