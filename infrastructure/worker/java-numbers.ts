import { randomUUID } from 'node:crypto';

/*
 * JSON numbers as Java reads and writes them, where JavaScript's differ: 7.0 is a Double and 7 an Integer, and a Long has
 * 64 bits. Camunda's clients in other languages see the difference in the types of their values.
 */

/** Begins the texts that stand for such numbers: nobody outside can know it. */
const MARK = `${randomUUID()}:`;
const MARKED = new RegExp(`"${MARK}((?:[^"\\\\]|\\\\.)*)"`, 'g');
/** Something that may be such a number: 7.0, 7e0 or 16 digits. */
const SUSPICIOUS = /\d[.eE]|\d{16}/;
/** A string or a number of JSON (RFC 8259). */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

const EXACT = Symbol('exact number');

/** A number of a body with its type in Java. */
export interface ExactNumber {
  readonly [EXACT]: true;
  readonly type: 'Double' | 'Long';
  /** As it was written. */
  readonly text: string;
}

export function isExactNumber(value: unknown): value is ExactNumber {
  return typeof value === 'object' && value !== null && EXACT in value;
}

/** Protects such numbers of a body from the parser; `restoreNumbers` gives them back. */
export function markNumbers(text: string): string {
  if (!SUSPICIOUS.test(text)) return text;
  return text.replace(TOKEN, (token) => (isExact(token) ? `"${MARK}${token}"` : token));
}

/**
 * Replaces the marked numbers of a parsed body: by an `ExactNumber` where a variable's value is, which is a `value` or
 * a member of `processVariables`, and by a number elsewhere.
 */
export function restoreNumbers(parsed: unknown, isValue = false, key = ''): unknown {
  if (typeof parsed === 'string') {
    if (!parsed.startsWith(MARK)) return parsed;
    const text = parsed.slice(MARK.length);
    if (!isValue) return Number(text);
    return { [EXACT]: true, type: /[.eE]/.test(text) ? 'Double' : 'Long', text };
  }
  if (Array.isArray(parsed)) return parsed.map((one) => restoreNumbers(one));
  if (typeof parsed !== 'object' || parsed === null) return parsed;
  const areValues = key === 'processVariables';
  return Object.fromEntries(
    Object.entries(parsed).map(([name, value]) => [
      name,
      restoreNumbers(value, areValues || name === 'value', name),
    ]),
  );
}

function isExact(token: string): boolean {
  if (token.startsWith('"')) return false;
  const number = Number(token);
  return /[.eE]/.test(token) ? Number.isInteger(number) : !Number.isSafeInteger(number);
}

/** A value that `stringify` writes as this JSON. */
export function writtenAs(json: string): string {
  return MARK + json;
}

/** JSON with that of `writtenAs` in it. */
export function stringify(value: unknown): string {
  const text = JSON.stringify(value);
  if (!text.includes(MARK)) return text;
  return text.replace(MARKED, (_all, json: string) => String(JSON.parse(`"${json}"`)));
}

/** A Double has a point, and a Long all its digits, which the engine keeps as a text beyond 2^53. */
export function javaNumber(type: 'Double' | 'Long', value: unknown): unknown {
  if (type === 'Long') return typeof value === 'string' ? writtenAs(value) : value;
  const text = String(value);
  return Number.isInteger(value) && /^-?\d+$/.test(text) ? writtenAs(`${text}.0`) : value;
}
