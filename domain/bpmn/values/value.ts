/**
 * A variable as Camunda 7 keeps it: a type by Camunda's name, and a value that JSON can hold.
 *
 * | type | value |
 * |---|---|
 * | `String` | text |
 * | `Boolean` | boolean |
 * | `Short`, `Integer`, `Long`, `Double` | number; a `Long` beyond 2^53 is the text of its digits |
 * | `Date` | `2026-11-30T10:00:00.000+0000` |
 * | `Json` | the JSON text |
 * | `Object` | what the caller gave; `info` says how it is serialized |
 * | `Bytes`, `File` | the text of the bytes in Base64; `info` of a File has its `filename`, `mimeType`, `encoding` |
 * | `Null` | null |
 *
 * Source: https://docs.camunda.org/manual/7.24/user-guide/process-engine/variables/
 */
export interface Value {
  readonly type: string;
  readonly value: unknown;
  readonly info?: Readonly<Record<string, unknown>>;
}

export type Values = Readonly<Record<string, Value>>;

export const NULL: Value = { type: 'Null', value: null };

export function textValue(text: string | null): Value {
  return text === null ? NULL : { type: 'String', value: text };
}

export function integerValue(value: number): Value {
  return { type: 'Integer', value };
}
