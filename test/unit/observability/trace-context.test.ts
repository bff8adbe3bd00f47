import { describe, expect, it } from 'vitest';
import {
  formatTraceparent,
  logIds,
  parseTraceparent,
} from '../../../domain/common/trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('the W3C trace context', () => {
  it('is read and written as it came', () => {
    const text = `00-${TRACE}-${SPAN}-01`;
    expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, flags: 1 });
    expect(formatTraceparent({ traceId: TRACE, spanId: SPAN, flags: 1 })).toBe(text);
  });

  it('of a later version is read as far as this version defines', () => {
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-comes-next`)?.traceId).toBe(TRACE);
  });

  it.each([
    ['nothing', undefined],
    ['an empty text', ''],
    ['the forbidden version', `ff-${TRACE}-${SPAN}-01`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['more than version 00 has', `00-${TRACE}-${SPAN}-01-more`],
    ['a trace id that is too short', `00-${TRACE.slice(1)}-${SPAN}-01`],
  ])('is not made of %s', (_what, text) => {
    expect(parseTraceparent(text)).toBeNull();
  });

  it('gives a log line the correlation id even where there is no trace', () => {
    expect(logIds('a', undefined)).toEqual({ correlationId: 'a' });
    expect(logIds('a', `00-${TRACE}-${SPAN}-00`)).toEqual({ correlationId: 'a', traceId: TRACE });
  });
});
