import { type Identifier, isName, lengthOf, MAX_NAME, MAX_VALUE } from './identifier.ts';

/** A text that is searched for. */
export interface SoughtText {
  value: string;
  /** True: the value is the beginning of the one that is searched for. */
  isPrefix: boolean;
}

/** An identifier that processes are searched by. */
export interface SoughtIdentifier extends SoughtText {
  name: string;
}

/** Identifiers in one search. */
export const MAX_SOUGHT = 5;
/** At the end of a value: it is a prefix. */
const ANYTHING = '*';

/**
 * Reads what a caller searches for. An asterisk at the end makes the text before it a prefix; alone it finds everything that
 * has a value.
 *
 * @returns what is wrong, as the end of a sentence that begins with the parameter
 */
export function readSoughtText(text: string): SoughtText | { wrong: string } {
  const isPrefix = text.endsWith(ANYTHING);
  const value = isPrefix ? text.slice(0, -1) : text;
  if (text === '') return { wrong: 'must not be empty; leave it out to have all' };
  if (lengthOf(text) > MAX_VALUE) return { wrong: `must have at most ${MAX_VALUE} characters` };
  if (!value.isWellFormed()) return { wrong: 'must be Unicode text' };
  return { value, isPrefix };
}

/** As `readSoughtText`, of an identifier. */
export function readSought(name: string, text: string): SoughtIdentifier | { wrong: string } {
  if (!isName(name)) {
    return {
      wrong: `is not the name of an identifier: that has 1 to ${MAX_NAME} characters, and no space at its ends`,
    };
  }
  const sought = readSoughtText(text);
  return 'wrong' in sought ? sought : { name, ...sought };
}

/** Whether a process with these identifiers is found, as by the tables. @param hashOf the hash of a personal value */
export function isFound(
  identifiers: readonly Identifier[],
  sought: readonly (SoughtIdentifier & { hash: string | null })[],
): boolean {
  return sought.every((one) =>
    identifiers.some(({ name, value, isHashed }) => {
      if (name !== one.name) return false;
      if (isHashed) return !one.isPrefix && value === one.hash;
      return one.isPrefix ? value.startsWith(one.value) : value === one.value;
    }),
  );
}

const SURROGATES = { first: 0xd800, behind: 0xe000 };

/**
 * The first text behind all that begin with this one, by code units as well as by bytes of UTF-8; null when nothing does:
 * everything from the prefix on begins with it.
 */
export function behindPrefix(prefix: string): string | null {
  const characters = Array.from(prefix);
  while (characters.length > 0) {
    const next = (characters.pop()?.codePointAt(0) ?? 0) + 1;
    if (next > 0x10_ffff) continue;
    const code = next === SURROGATES.first ? SURROGATES.behind : next;
    return characters.join('') + String.fromCodePoint(code);
  }
  return null;
}
