import { describe, expect, it } from 'vitest';
import { redact } from '../../../domain/common/redact.ts';

const hidden = '[redacted]';

describe('redaction', () => {
  it.each([
    [
      'a name',
      ['pin'],
      { pin: hidden, card: { number: '4111', holder: 'Ada' }, list: [{ pin: 1 }] },
    ],
    [
      'a path',
      ['card.number'],
      { pin: '1234', card: { number: hidden, holder: 'Ada' }, list: [{ pin: 1 }] },
    ],
    ['a whole object', ['card'], { pin: '1234', card: hidden, list: [{ pin: 1 }] }],
    [
      'every name',
      ['card.*'],
      { pin: '1234', card: { number: hidden, holder: hidden }, list: [{ pin: 1 }] },
    ],
    [
      'every position',
      ['list.*.pin'],
      { pin: '1234', card: { number: '4111', holder: 'Ada' }, list: [{ pin: hidden }] },
    ],
    [
      'one position',
      ['list.0'],
      { pin: '1234', card: { number: '4111', holder: 'Ada' }, list: [hidden] },
    ],
    [
      'all at once',
      ['pin', 'card.number', 'list'],
      { pin: hidden, card: { number: hidden, holder: 'Ada' }, list: hidden },
    ],
  ])('hides %s', (_what, paths, expected) => {
    const value = { pin: '1234', card: { number: '4111', holder: 'Ada' }, list: [{ pin: 1 }] };
    expect(redact(value, paths)).toEqual(expected);
    expect(value.pin, 'the original stays as it is').toBe('1234');
  });

  it('hides null and falsy values too, for that they are empty may be the secret', () => {
    expect(redact({ a: null, b: 0, c: '' }, ['a', 'b', 'c'])).toEqual({
      a: hidden,
      b: hidden,
      c: hidden,
    });
  });

  it.each([['nowhere'], ['a.b.c'], ['list.7'], ['list.name'], ['']])(
    'hides nothing at %j, which leads nowhere',
    (path) => {
      const value = { a: 1, list: [1, 2] };
      expect(redact(value, [path])).toEqual(value);
    },
  );

  it('keeps names that JavaScript has a meaning for', () => {
    const value = JSON.parse('{"__proto__": {"pin": 1}, "constructor": "x"}');
    expect(JSON.stringify(redact(value, ['__proto__.pin']))).toBe(
      '{"__proto__":{"pin":"[redacted]"},"constructor":"x"}',
    );
  });
});
