import { ExpressionError } from './expression.ts';

export type TokenKind = 'name' | 'number' | 'text' | 'operator' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** A text without its quotes; an operator as the sign that it has, so `and` is `&&`. */
  readonly text: string;
  readonly position: number;
}

/** A piece of a composite text: plain text, or the tokens between `${` and `}`. */
export type Piece =
  | { readonly kind: 'plain'; readonly text: string }
  | { readonly kind: 'tokens'; readonly tokens: readonly Token[] };

const SPACE = /\s*/y;
/** A number, a name of Java, a text with the two escapes that JUEL has, or an operator. */
const TOKEN =
  /((?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|([\p{L}\p{Nl}\p{Sc}\p{Pc}][\p{L}\p{Nl}\p{Sc}\p{Pc}\p{Nd}\p{Mn}\p{Mc}]*)|('(?:[^'\\]|\\[\\'])*'|"(?:[^"\\]|\\[\\"])*")|(&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()[\]])/uy;

const WORDS: ReadonlyMap<string, string> = new Map([
  ['and', '&&'],
  ['or', '||'],
  ['not', '!'],
  ['eq', '=='],
  ['ne', '!='],
  ['lt', '<'],
  ['gt', '>'],
  ['le', '<='],
  ['ge', '>='],
  ['div', '/'],
  ['mod', '%'],
  ['empty', 'empty'],
  ['true', 'true'],
  ['false', 'false'],
  ['null', 'null'],
  ['instanceof', 'instanceof'],
]);

/**
 * Cuts a text of a model into plain text and expressions, as JUEL's scanner does.
 *
 * @throws ExpressionError naming the position of what cannot be read
 */
export function scan(source: string): Piece[] {
  const pieces: Piece[] = [];
  let opening = '';
  let position = 0;
  while (position < source.length) {
    if (isOpening(source, position)) {
      const sign = source[position] ?? '';
      if (opening !== '' && opening !== sign)
        throw syntaxError(source, position, `'${sign}{'`, `${opening}{`);
      opening = sign;
      const { tokens, end } = scanTokens(source, position + 2);
      pieces.push({ kind: 'tokens', tokens });
      position = end;
    } else {
      const { text, end } = scanPlain(source, position);
      pieces.push({ kind: 'plain', text });
      position = end;
    }
  }
  return pieces;
}

export function syntaxError(
  source: string,
  position: number,
  encountered: string,
  expected: string,
): ExpressionError {
  return new ExpressionError(
    `Error parsing '${source}': syntax error at position ${position}, encountered ${encountered}, expected ${expected}`,
  );
}

function isOpening(source: string, position: number): boolean {
  const sign = source[position];
  return (sign === '$' || sign === '#') && source[position + 1] === '{';
}

/** Plain text up to the next expression; `\${` stands for `${`. */
function scanPlain(source: string, start: number): { text: string; end: number } {
  let text = '';
  let end = start;
  while (end < source.length && !isOpening(source, end)) {
    const isEscape = source[end] === '\\' && isOpening(source, end + 1);
    text += isEscape ? `${source[end + 1]}{` : source[end];
    end += isEscape ? 3 : 1;
  }
  return { text, end };
}

/** The tokens up to the closing brace, which is the last of them. */
function scanTokens(source: string, start: number): { tokens: Token[]; end: number } {
  const tokens: Token[] = [];
  let position = skipSpace(source, start);
  while (source[position] !== '}') {
    const token = scanToken(source, position);
    tokens.push(token);
    position = skipSpace(source, TOKEN.lastIndex);
  }
  tokens.push({ kind: 'end', text: '}', position });
  return { tokens, end: position + 1 };
}

function skipSpace(source: string, position: number): number {
  SPACE.lastIndex = position;
  SPACE.exec(source);
  return SPACE.lastIndex;
}

function scanToken(source: string, position: number): Token {
  TOKEN.lastIndex = position;
  const match = TOKEN.exec(source);
  if (!match) {
    const found = position < source.length ? `'${source[position]}'` : "''";
    throw syntaxError(source, position, found, position < source.length ? 'expression token' : '}');
  }
  const [, number, name, text, operator] = match;
  if (number !== undefined) return { kind: 'number', text: number, position };
  if (text !== undefined) {
    return { kind: 'text', text: text.slice(1, -1).replace(/\\(.)/gs, '$1'), position };
  }
  const sign = operator ?? WORDS.get(name ?? '');
  if (sign !== undefined) return { kind: 'operator', text: sign, position };
  return { kind: 'name', text: name ?? '', position };
}
