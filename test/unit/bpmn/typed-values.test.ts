import { describe, expect, it } from 'vitest';
import { readTyped, UnreadableValueError } from '../../../domain/bpmn/values/typed-values.ts';

// https://docs.camunda.org/manual/7.24/reference/rest/overview/variables/
describe('a typed variable of a request', () => {
  it.each<[string, unknown, unknown]>([
    ['String', 'a', 'a'],
    ['String', 5, '5'],
    ['String', '', ''],
    ['Boolean', 'TRUE', true],
    ['Boolean', '', null],
    ['Short', -32768, -32768],
    ['Integer', '7', 7],
    ['Integer', '', null],
    ['Long', '9223372036854775807', '9223372036854775807'],
    ['Long', '+12', 12],
    ['Long', 9007199254740991, 9007199254740991],
    ['Double', '1.5', 1.5],
    ['Double', 2, 2],
    ['Date', '2026-11-30T10:00:00.000+0100', '2026-11-30T09:00:00.000+0000'],
    ['Json', '{"a":1}', '{"a":1}'],
    ['Object', '[1]', '[1]'],
    ['Bytes', 'AAEC/w==', 'AAEC/w=='],
    ['Bytes', 'AAEC\r\n/w==', 'AAEC/w=='],
    ['Bytes', null, null],
    ['Date', null, null],
    ['Null', null, null],
  ])('is read as its type: %s %j', (type, value, expected) => {
    expect(readTyped('x', { type, value })).toEqual({ type, value: expected });
  });

  it('may name its type with a small letter', () => {
    expect(readTyped('x', { type: 'integer', value: 5 })).toEqual({ type: 'Integer', value: 5 });
  });

  it('keeps how an Object is serialized', () => {
    const valueInfo = {
      objectTypeName: 'java.util.List',
      serializationDataFormat: 'application/json',
    };
    expect(readTyped('x', { type: 'Object', value: '[]', valueInfo })).toEqual({
      type: 'Object',
      value: '[]',
      info: valueInfo,
    });
  });

  it('keeps the name of a File, its type and its encoding', () => {
    const valueInfo = { filename: 'a.txt', mimeType: 'text/plain', encoding: 'UTF-8', other: 1 };
    expect(readTyped('x', { type: 'File', value: 'aGk=', valueInfo })).toEqual({
      type: 'File',
      value: 'aGk=',
      info: { filename: 'a.txt', mimeType: 'text/plain', encoding: 'UTF-8' },
    });
  });

  it.each([
    ['no value', { valueInfo: { filename: 'a' } }],
    ['no description', { value: 'aGk=' }],
    ['no name', { value: 'aGk=', valueInfo: {} }],
  ])('is refused when it is a File with %s', (_what, given) => {
    expect(() => readTyped('x', { type: 'File', ...given })).toThrow(/x: a File needs a value and/);
  });

  it.each<[unknown, string]>([
    ['a', 'String'],
    [true, 'Boolean'],
    [5, 'Integer'],
    [2 ** 31, 'Long'],
    [1.5, 'Double'],
    [null, 'Null'],
    [{ a: 1 }, 'Object'],
  ])('gets its type from its value when it has none: %j', (value, type) => {
    expect(readTyped('x', { value })).toEqual({ type, value });
  });

  it('is null without a value', () => {
    expect(readTyped('x', {})).toEqual({ type: 'Null', value: null });
    expect(readTyped('x', { type: 'Integer' })).toEqual({ type: 'Integer', value: null });
  });

  it.each<[string, unknown]>([
    ['Integer', 2 ** 31],
    ['Integer', 1.5],
    ['Integer', 'a'],
    ['Short', 32768],
    ['Long', '9223372036854775808'],
    ['Double', 'a'],
    ['Boolean', 'yes'],
    ['Date', '2026-11-30'],
    ['String', {}],
    ['Json', {}],
    ['Object', []],
    ['Bytes', '%%'],
    ['Bytes', 5],
    ['Null', 1],
  ])('is refused when its value does not fit: %s %j', (type, value) => {
    expect(() => readTyped('x', { type, value })).toThrow(
      new UnreadableValueError(`Cannot set variable x: the value does not fit type '${type}'`),
    );
  });

  it.each(['Xml', 'constructor'])('is refused by the name of its type: %s', (type) => {
    expect(() => readTyped('x', { type, value: 'a' })).toThrow(/has no values of type/);
  });
});
