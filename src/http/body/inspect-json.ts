import { isKeptNumber } from './is-kept-number.ts';

/** Why a JSON text is refused although its syntax is valid. */
export interface JsonFault {
  /** Names and indexes from the outside in. */
  path: readonly string[];
  message: string;
}

/** Deeper than anybody needs, and far from exhausting the stack of code that walks it. */
const MAX_JSON_DEPTH = 100;
/** Levels that the fields of a request add. */
const ENVELOPE = 2;
const PROTO = '__proto__';
/** An escape that may be an unpaired surrogate. */
const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/;
const SHOWN = 40;

interface Frame {
  /** Null for a list. */
  names: Set<string> | null;
  /** The name or index of the value that is read. */
  at: string | number;
  /** Whether the next string is a name, not a value. */
  isNameNext: boolean;
}

/**
 * Finds what parsing a JSON text in JavaScript would silently change or drop, by the rules of I-JSON (RFC 7493):
 * numbers that a double cannot hold, text that is not Unicode, two fields with the same name. A field `__proto__` is
 * refused, too: it is data in JSON and something else in JavaScript.
 *
 * @param text valid JSON; its syntax is not checked
 * @returns the first fault, or null
 */
export function inspectJson(text: string): JsonFault | null {
  const mayHaveHalves = SURROGATE_ESCAPE.test(text);
  const frames: Frame[] = [];
  const path = (): string[] => frames.map(({ at }) => String(at));
  let pos = 0;
  while (pos < text.length) {
    const frame = frames.at(-1);
    const code = text.charCodeAt(pos);
    switch (code) {
      case 0x7b: // {
      case 0x5b: // [
        if (frames.length === MAX_JSON_DEPTH + ENVELOPE) {
          const message = `must not be nested deeper than ${MAX_JSON_DEPTH} levels`;
          return { path: path().slice(0, ENVELOPE), message };
        }
        frames.push(
          code === 0x7b
            ? { names: new Set(), at: '', isNameNext: true }
            : { names: null, at: 0, isNameNext: false },
        );
        pos++;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        frames.pop();
        pos++;
        break;
      case 0x2c: // ,
        if (frame?.names) frame.isNameNext = true;
        else if (frame) frame.at = Number(frame.at) + 1;
        pos++;
        break;
      case 0x22: {
        const end = endOfString(text, pos);
        const token = text.slice(pos, end);
        const isName = frame?.isNameNext === true;
        if (mayHaveHalves && SURROGATE_ESCAPE.test(token) && !read(token).isWellFormed()) {
          const what = isName ? 'has a field whose name' : 'is text that';
          const where = isName ? path().slice(0, -1) : path();
          const message = `${what} is not Unicode: it contains an unpaired surrogate such as \\ud800`;
          return { path: where, message };
        }
        if (isName) {
          const name = token.includes('\\') ? read(token) : token.slice(1, -1);
          const wrong = wrongName(name, frame);
          frame.at = name;
          frame.isNameNext = false;
          frame.names?.add(name);
          if (wrong) return { path: path(), message: wrong };
        }
        pos = end;
        break;
      }
      default: {
        if (code !== 0x2d && !isDigit(code)) {
          pos++;
          break;
        }
        const end = endOfNumber(text, pos);
        const token = text.slice(pos, end);
        if (!isKeptNumber(token)) {
          const shown = token.length > SHOWN ? `${token.slice(0, SHOWN)}…` : token;
          const message = `the number ${shown} cannot be stored unchanged: it is outside the range or precision of a double (RFC 7493, section 2.2); send it as text, in quotes`;
          return { path: path(), message };
        }
        pos = end;
      }
    }
  }
  return null;
}

function wrongName(name: string, frame: Frame): string | null {
  if (name === PROTO) return 'must not be the name of a field; use another name';
  return frame.names?.has(name) ? 'appears more than once; send each field once' : null;
}

function read(token: string): string {
  return JSON.parse(token) as string;
}

/** Behind the closing quote. */
function endOfString(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  for (;;) {
    const code = text.charCodeAt(end);
    // Digits, and . + - E e.
    const isPart =
      isDigit(code) || code === 0x2e || code === 0x2b || code === 0x2d || (code | 0x20) === 0x65;
    if (!isPart) return end;
    end++;
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
