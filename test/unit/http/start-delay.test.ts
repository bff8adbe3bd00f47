import { beforeEach, describe, expect, it } from 'vitest';
import { createStartDelay, type StartDelay } from '../../../src/http/waiting/start-delay.ts';

describe('the estimated delay of a start', () => {
  let time: number;
  let delay: StartDelay;
  beforeEach(() => {
    time = 1_000;
    delay = createStartDelay(() => time);
  });

  const accept = (from: number, to: number, waits = false): void => {
    for (let at = from; at < to; at++)
      delay.accepted(`${waits ? 'awaited' : 'other'}-${at}`, waits);
  };
  /** Lets starts begin one after the other, each so many milliseconds after the one before. */
  const begin = (from: number, to: number, eachMs: number, kind = 'other'): void => {
    for (let at = from; at < to; at++) {
      time += eachMs;
      delay.begun(`${kind}-${at}`);
    }
  };

  it('is the number of those ahead, divided by the rate at which they begin', () => {
    accept(0, 300);
    begin(0, 100, 10);
    // 200 are ahead, and 100 a second begin.
    expect(delay.estimate(false)).toBe(2_000);
    accept(300, 400);
    expect(delay.estimate(false)).toBe(3_000);
    begin(100, 400, 10);
    expect(delay.estimate(false)).toBe(0);
  });

  it('counts the starts ahead: all of them, and for one that waits those that wait', () => {
    accept(0, 10);
    accept(0, 3, true);
    expect([delay.ahead(false), delay.ahead(true)]).toEqual([13, 3]);
    begin(0, 4, 10);
    begin(0, 1, 10, 'awaited');
    expect([delay.ahead(false), delay.ahead(true)]).toEqual([8, 2]);
  });

  it('is not known while little has been measured, so that a burst is accepted', () => {
    accept(0, 10_000);
    expect(delay.estimate(false)).toBeNull();
    begin(0, 10, 10);
    expect(delay.estimate(false)).toBeNull();
  });

  it('is not derived from how seldom starts come', () => {
    for (let at = 0; at < 20; at++) {
      accept(at, at + 1);
      begin(at, at + 1, 5);
      // Nothing waits for a second.
      time += 1_000;
    }
    accept(100, 1_100);
    expect(delay.estimate(false)).toBeNull();
  });

  it('counts only callers who wait for one who waits', () => {
    accept(0, 300);
    begin(0, 100, 10);
    expect(delay.estimate(true)).toBe(0);
    accept(0, 50, true);
    expect(delay.estimate(true)).toBe(500);
    expect(delay.estimate(false)).toBe(2_500);
  });

  it('G10: is not known in an outage, nor right after it', () => {
    accept(0, 300);
    begin(0, 100, 10);
    time += 3_001;
    expect(delay.estimate(false)).toBeNull();
    accept(300, 50_000);
    time += 60_000;
    expect(delay.estimate(false)).toBeNull();
    begin(100, 140, 10);
    expect(delay.estimate(false)).toBeNull();
    begin(140, 200, 10);
    // The outage itself is not part of the rate.
    expect(delay.estimate(false)).toBeCloseTo(49_800 * 10, -4);
  });

  it('does not count starts whose begin was not notified once a later one has begun', () => {
    accept(0, 300);
    begin(100, 300, 10);
    expect(delay.estimate(false)).toBe(0);
    accept(300, 400);
    // The oldest are given up, and do no harm when they begin after all.
    begin(0, 100, 1);
    expect(delay.estimate(false)).toBeGreaterThan(0);
    begin(399, 400, 10);
    expect(delay.estimate(false)).toBe(0);
  });

  it('starts again from nothing after a gap in the notifications', () => {
    accept(0, 300);
    begin(0, 100, 10);
    delay.reset();
    expect(delay.estimate(false)).toBe(0);
    delay.begun('other-200');
    expect(delay.estimate(false)).toBe(0);
  });

  it('is not changed by processes that other service instances have accepted', () => {
    accept(0, 300);
    begin(0, 100, 10);
    begin(0, 100, 0, 'elsewhere');
    expect(delay.estimate(false)).toBe(2_000);
  });
});
