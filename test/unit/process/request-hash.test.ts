import { describe, expect, it } from 'vitest';
import { hashJson } from '../../../domain/process/request-hash.ts';

describe('the function hashJson', () => {
  it('ignores the order of keys, at any depth', () => {
    const one = { a: 1, b: { c: [{ d: 1, e: 2 }], f: null } };
    const other = { b: { f: null, c: [{ e: 2, d: 1 }] }, a: 1 };
    expect(hashJson(one)).toBe(hashJson(other));
    expect(hashJson(one)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('takes a missing field and one without a value for the same', () => {
    expect(hashJson({ a: 1, b: undefined })).toBe(hashJson({ a: 1 }));
  });

  it('distinguishes what is different', () => {
    const values = [
      null,
      {},
      [],
      '',
      'null',
      0,
      '0',
      false,
      { a: 1 },
      { a: '1' },
      { a: null },
      { a: [1, 2] },
      { a: [2, 1] },
      { a: { b: 1 } },
      { 'a":{"b': 1 },
      [[1], 2],
      [[1, 2]],
      [1, 2],
    ];
    expect(new Set(values.map(hashJson)).size).toBe(values.length);
  });
});
