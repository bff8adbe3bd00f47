import { describe, expect, it } from 'vitest';
import { reservedValues } from '../../../domain/process/reserved-variables.ts';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';

describe('the variables that the service gives every instance', () => {
  const tracesOf = (flags: string) => {
    const identity = { traceparent: `${TRACE}-${flags}`, tracestate: 'vendor=7' };
    const { correlationId, traceparent, tracestate } = reservedValues('c', identity);
    return { correlationId, traceparent, tracestate };
  };

  it('have the context of a trace that is recorded', () => {
    for (const flags of ['01', '03']) {
      expect(tracesOf(flags)).toEqual({
        correlationId: 'c',
        traceparent: `${TRACE}-${flags}`,
        tracestate: 'vendor=7',
      });
    }
  });

  it('have no context of a trace that nobody records, and nothing from a start without one', () => {
    for (const flags of ['00', '02']) expect(tracesOf(flags)).toEqual({ correlationId: 'c' });
    expect(reservedValues('c', {})).toMatchObject({ correlationId: 'c', traceparent: undefined });
  });
});
