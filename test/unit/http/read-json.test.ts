import { describe, expect, it } from 'vitest';
import { readJson } from '../../../src/http/body/read-json.ts';

const read = (text: string) => readJson(Buffer.from(text));
const faultOf = (text: string) => {
  const found = read(text);
  return found.kind === 'not-kept' ? [found.fault.path.join('.'), found.fault.message] : found;
};

describe('reading JSON', () => {
  it.each([
    '0',
    '-0',
    '1.0',
    '1e2',
    '0.1',
    '-1.5E-7',
    '9007199254740991',
    '-9007199254740992',
    '9007199254740994',
    '100000000000000000000000',
    '1e23',
    '1.7976931348623157e308',
    '5e-324',
    '0e999',
    '0.000000000000000000000000000000',
    '3.141592653589793',
    '0.10000000000000001',
    '1000000000000000000000000.000',
  ])('keeps the number %s', (text) => {
    expect(read(`{"n":[${text}]}`)).toEqual({ kind: 'read', value: { n: [Number(text)] } });
  });

  it.each([
    '1e400',
    '-1e999',
    '1e-400',
    '9007199254740993',
    '-9007199254740993',
    '12345678901234567890',
    '9007199254740993.0',
    '90071992547409930e-1',
    '0.1234567890123456789',
    '3.14159265358979323846',
    '1234567890123456.78',
    `1e${'9'.repeat(1_000)}`,
    '9'.repeat(400),
  ])('refuses the number %.40s, which a double changes', (text) => {
    const [path, message] = faultOf(`{"a":[true,{"n":${text}}]}`) as string[];
    expect(path).toBe('a.1.n');
    expect(message).toContain(`the number ${text.slice(0, 40)}`);
    expect(message).toContain('send it as text');
  });

  it('refuses half of a surrogate pair in a value or a name, and keeps whole ones', () => {
    for (const half of [
      '\\ud800',
      '\\uDC00',
      '\\ud83d\\ud83d\\ude00',
      '\\ude00\\ud83d',
      'x\\uDfff"'.slice(0, 7),
    ]) {
      expect(faultOf(`{"a":["ok","${half}"]}`), half).toEqual([
        'a.1',
        expect.stringContaining('is not Unicode'),
      ]);
      expect(faultOf(`{"a":{"${half}":1}}`), half).toEqual([
        'a',
        expect.stringContaining('has a field whose name is not Unicode'),
      ]);
    }
    for (const whole of ['\\ud83d\\ude00', '\\\\ud800', '\\u00e9', '😀', '\\\\\\ud83d\\ude00']) {
      const text = `{"a":"${whole}"}`;
      expect(read(text)).toEqual({ kind: 'read', value: JSON.parse(text) });
    }
  });

  it('refuses two fields of one name, however they are written', () => {
    expect(faultOf('{"a":1,"b":{"c":1,"\\u0063":2}}')).toEqual([
      'b.c',
      'appears more than once; send each field once',
    ]);
    expect(read('{"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}]}').kind).toBe('read');
  });

  it('refuses __proto__ as a name, however it is written, and takes it as a value', () => {
    for (const name of ['__proto__', '\\u005f_proto__', '__pr\\u006Fto__']) {
      expect(faultOf(`{"a":{"${name}":{"admin":true}}}`), name).toEqual([
        'a.__proto__',
        expect.stringContaining('must not be the name of a field'),
      ]);
    }
    expect(read('{"constructor":{"prototype":{"a":"__proto__"}}}').kind).toBe('read');
  });

  it('names the first byte that is not UTF-8', () => {
    const bytes = (...parts: (string | number[])[]) =>
      Buffer.concat(parts.map((part) => Buffer.from(part as string)));
    const cases: [Buffer, number][] = [
      [bytes('{"a":"', [0xe9], '"}'), 6],
      [bytes('{"é":"\ufffd', [0xff], '"}'), 10],
      [bytes('"', [0xed, 0xa0, 0x80], '"'), 1],
      [bytes('"', [0xc0, 0xaf], '"'), 1],
      [bytes('"', [0xe2, 0x82]), 1],
      [bytes([0xff, 0xfe], '{'), 0],
    ];
    for (const [body, byte] of cases) {
      expect(readJson(body), body.toString('hex')).toEqual({ kind: 'not-utf8', byte });
    }
  });

  it('ignores a byte order mark, and keeps the replacement character that was sent', () => {
    expect(read('\ufeff{"a":"\ufffd"}')).toEqual({ kind: 'read', value: { a: '\ufffd' } });
  });

  it('refuses text that is not JSON, and extreme nesting', () => {
    for (const text of ['', '{', '[1,]', "{'a':1}", '01', 'NaN', '\ufeff\ufeff1', '"\n"']) {
      expect(read(text).kind, text).toBe('not-json');
    }
    expect(faultOf(`{"variables":{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}}`)).toEqual([
      'variables.a',
      'must not be nested deeper than 100 levels',
    ]);
    expect(read(`{"v":{"a":${'['.repeat(100)}${']'.repeat(100)}}}`).kind).toBe('read');
  });

  it('takes a time that rises with the length only', () => {
    const slashes = `["${'\\\\'.repeat(400_000)}",${'"",'.repeat(100_000)}0]`;
    const fields = `{${Array.from({ length: 50_000 }, (_, nth) => `"f${nth}":${nth}`).join(',')}}`;
    const zeros = '0'.repeat(900_000);
    for (const text of [
      slashes,
      fields,
      `0.${zeros}`,
      `0e${zeros}1`,
      `1e-${zeros}1`,
      `0.5${zeros}`,
    ]) {
      expect(read(text).kind).toBe('read');
    }
    for (const text of [`0.1${zeros}1`, `1e-9${zeros}`, `0.${zeros}1`, `1e9${zeros}`]) {
      expect(read(text).kind).toBe('not-kept');
    }
  });
});
