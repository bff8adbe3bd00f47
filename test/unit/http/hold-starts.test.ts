import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createStartHold, type StartHold } from '../../../src/http/waiting/hold-starts.ts';

describe('the hold of starts', () => {
  let hold: StartHold;
  let gone: number;
  beforeEach(() => {
    vi.useFakeTimers();
    hold = createStartHold();
    gone = 0;
  });
  afterEach(() => vi.useRealTimers());

  const holdMany = (count: number, share: number): void => {
    for (let at = 0; at < count; at++) void hold.hold(share).then(() => gone++);
  };

  it('is as long as its share says, and none without one', async () => {
    holdMany(1, 0);
    await vi.advanceTimersByTimeAsync(0);
    expect(gone).toBe(1);
    holdMany(1, 0.5);
    await vi.advanceTimersByTimeAsync(124);
    expect(gone).toBe(1);
    await vi.advanceTimersByTimeAsync(2);
    expect(gone).toBe(2);
  });

  it('G14: lets no more than 500 a second go however many are held', async () => {
    holdMany(600, 1);
    await vi.advanceTimersByTimeAsync(600);
    expect(gone).toBeGreaterThan(0);
    expect(gone).toBeLessThan(310);
    await vi.advanceTimersByTimeAsync(610);
    expect(gone).toBe(600);
  });

  it('G12: ends for all when the service stops', async () => {
    holdMany(10, 1);
    hold.stop();
    holdMany(1, 1);
    await vi.advanceTimersByTimeAsync(0);
    expect(gone).toBe(11);
  });
});
