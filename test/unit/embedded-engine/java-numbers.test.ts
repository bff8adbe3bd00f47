import { describe, expect, it } from 'vitest';
import {
  isExactNumber,
  markNumbers,
  restoreNumbers,
  stringify,
  writtenAs,
} from '../../../infrastructure/worker/java-numbers.ts';

/** A body as the routes get it, with `Double 7.0` for a number that keeps its type. */
function read(text: string): unknown {
  const shown = (value: unknown): unknown => {
    if (isExactNumber(value)) return `${value.type} ${value.text}`;
    if (Array.isArray(value)) return value.map(shown);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shown(one)]));
  };
  return shown(restoreNumbers(JSON.parse(markNumbers(text))));
}

describe('numbers of a request', () => {
  it.each([
    ['7', 7],
    ['7.5', 7.5],
    ['7.0', 'Double 7.0'],
    ['-7.0', 'Double -7.0'],
    ['0.0', 'Double 0.0'],
    ['7e0', 'Double 7e0'],
    ['1E+3', 'Double 1E+3'],
    ['15e-1', 1.5],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 'Long 9007199254740993'],
    ['-9223372036854775808', 'Long -9223372036854775808'],
  ])('keep their type as the value of a variable: %s', (text, expected) => {
    expect(read(`{"variables":{"x":{"value":${text}}}}`)).toEqual({
      variables: { x: { value: expected } },
    });
    expect(read(`{"processVariables":{"x": ${text} }}`)).toEqual({
      processVariables: { x: expected },
    });
  });

  it('are numbers elsewhere', () => {
    expect(read('{"maxTasks":1.0,"list":[1e2,9007199254740993]}')).toEqual({
      maxTasks: 1,
      list: [100, 9007199254740992],
    });
    expect(read('{"value":{"inner":7.0}}')).toEqual({ value: { inner: 7 } });
  });

  it('are no numbers in a text', () => {
    const texts = { value: '7.0', other: 'a "7.0" \\ 9007199254740993', key: '\\' };
    expect(read(JSON.stringify(texts))).toEqual(texts);
    expect(read('{"value":"\\u0037.0","b":{"value":7.0}}')).toEqual({
      value: '7.0',
      b: { value: 'Double 7.0' },
    });
  });

  it.each(['{"a":01.0}', '{"a":1.0.0}', '{"a":1.}', '{"a":-}', '{"a":1.0 2.0}', '[1.0e]'])(
    'leave invalid JSON invalid: %s',
    (text) => {
      expect(() => JSON.parse(markNumbers(text))).toThrow(SyntaxError);
    },
  );
});

describe('numbers of an answer', () => {
  it('are written as they are given', () => {
    const answer = {
      double: writtenAs('7.0'),
      long: writtenAs('9223372036854775807'),
      text: '7.0',
    };
    expect(stringify(answer)).toBe('{"double":7.0,"long":9223372036854775807,"text":"7.0"}');
  });

  it('may be inside of other JSON', () => {
    const json = '{"a": [1.0, "x \\" \\\\ y"]}';
    expect(stringify([writtenAs(json)])).toBe(`[${json}]`);
  });
});
