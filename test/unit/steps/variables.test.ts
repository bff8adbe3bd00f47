import { describe, expect, it } from 'vitest';
import { toStorableJson } from '../../../domain/common/well-formed-json.ts';
import { toEngineVariables } from '../../../domain/engine/engine-variables.ts';

describe('variables in Camunda’s REST form', () => {
  it.each([
    ['text', 'String'],
    ['', 'String'],
    [true, 'Boolean'],
    [0, 'Integer'],
    [2_147_483_647, 'Integer'],
    [2_147_483_648, 'Long'],
    [-2_147_483_648, 'Integer'],
    [-2_147_483_649, 'Long'],
    [Number.MAX_SAFE_INTEGER, 'Long'],
    // No longer exact: a Long would pretend that it is.
    [Number.MAX_SAFE_INTEGER + 1, 'Double'],
    [1e300, 'Double'],
    [0.5, 'Double'],
    [null, 'Null'],
  ])('have for %j the type %s', (value, type) => {
    expect(toEngineVariables({ value })).toEqual({ value: { type, value } });
  });

  it.each([[{ a: [1, { b: null }] }], [[]], [[1, 'two']]])('carry %j as Json text', (value) => {
    const variables = toEngineVariables({ value });
    expect(variables).toEqual({ value: { type: 'Json', value: JSON.stringify(value) } });
  });

  it('keep the milliseconds of a date, in the only form that the engine reads', () => {
    const value = new Date('2026-02-28T23:59:59.123Z');
    const variables = toEngineVariables({ value });
    expect(variables).toEqual({ value: { type: 'Date', value: '2026-02-28T23:59:59.123+0000' } });
  });

  it('leave out what is undefined', () => {
    expect(toEngineVariables({ here: 1, gone: undefined })).toEqual({
      here: { type: 'Integer', value: 1 },
    });
  });

  it('have dates as texts for the journal', () => {
    expect(toStorableJson({ when: new Date(0), n: 1, gone: undefined })).toEqual({
      when: '1970-01-01T00:00:00.000Z',
      n: 1,
    });
  });
});
