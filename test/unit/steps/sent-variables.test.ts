import { describe, expect, it } from 'vitest';
import { readSentVariables } from '../../../domain/steps/sent-variables.ts';

describe('variables that a worker elsewhere sends', () => {
  it('are read by their types, and by the kind of JSON without one', () => {
    const info = { serializationDataFormat: 'application/json', objectTypeName: 'java.util.Map' };
    const at = '2026-01-31T12:00:00.000+0100';
    expect(
      readSentVariables({
        text: { value: 'a' },
        number: { value: 7.5 },
        nothing: { value: null },
        long: { value: 7, type: 'long' },
        json: { value: '{"a":[1]}', type: 'Json' },
        object: { value: '{"b":2}', type: 'Object', valueInfo: info },
        plain: { value: { c: 3 } },
        date: { value: at, type: 'Date' },
      }),
    ).toEqual({
      kind: 'read',
      values: {
        text: 'a',
        number: 7.5,
        nothing: null,
        long: 7,
        json: { a: [1] },
        object: { b: 2 },
        plain: { c: 3 },
        date: new Date('2026-01-31T11:00:00.000Z'),
      },
    });
  });

  it.each([
    [{ value: 'x', type: 'Integer' }, /^variables\.price: .*does not fit type 'Integer'/],
    [{ value: '{', type: 'Json' }, /^variables\.price: /],
    [
      {
        value: 'rO0AB',
        type: 'Object',
        valueInfo: { serializationDataFormat: 'application/x-java-serialized-object' },
      },
      /serialized by Java are not taken/,
    ],
  ])('are refused by name when they cannot be read: %j', (price, message) => {
    const answer = readSentVariables({ price });
    expect(answer.kind === 'unreadable' && answer.message).toMatch(message);
  });
});
