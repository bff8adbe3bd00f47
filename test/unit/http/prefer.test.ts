import { describe, expect, it } from 'vitest';
import { preferredWait } from '../../../src/http/waiting/prefer.ts';

describe('the function preferredWait (RFC 7240)', () => {
  it.each([
    [undefined, 5_000],
    ['', 5_000],
    ['wait=10', 10_000],
    ['wait=0', 0],
    ['Wait = 10', 10_000],
    ['wait="10"', 10_000],
    ['respond-async', 0],
    ['RESPOND-ASYNC', 0],
    ['respond-async, wait=10', 10_000],
    ['wait=10, respond-async', 10_000],
    ['return=minimal, wait=7; foo=bar', 7_000],
    ['wait=7, wait=9', 7_000],
    ['handling=lenient', 5_000],
    ['wait=soon', 5_000],
    ['wait=-1', 5_000],
    ['wait=1.5', 5_000],
    ['wait', 5_000],
    ['wait=999999', 25_000],
    ['foo="a, wait=9, b"', 5_000],
    ['foo="a; wait=9", wait=7', 7_000],
    ['foo="a \\", wait=9", wait=7', 7_000],
    ['foo="\\\\", wait=7', 7_000],
    ['foo="without an end, wait=9', 5_000],
    ['foo; bar="x, respond-async"', 5_000],
    ['wait=7; foo="a, b", wait=9', 7_000],
    ['wait="10', 5_000],
    ['wait=10"', 5_000],
  ])('reads %j as %d ms', (header, expected) => {
    expect(preferredWait(header, 5_000, 25_000).ms).toBe(expected);
  });

  it('never waits longer than allowed, nor does so by default', () => {
    expect(preferredWait(undefined, 60_000, 25_000).ms).toBe(25_000);
    expect(preferredWait('wait=60', 1_000, 25_000).ms).toBe(25_000);
  });

  it.each([
    [undefined, undefined],
    ['handling=lenient, wait=soon', undefined],
    ['respond-async', 'respond-async'],
    ['wait=7', 'wait=7'],
    ['respond-async, wait=7', 'wait=7'],
    ['wait=60', 'wait=25'],
  ])('reports which part of %j it applied', (header, applied) => {
    expect(preferredWait(header, 5_000, 25_000).applied).toBe(applied);
  });
});
