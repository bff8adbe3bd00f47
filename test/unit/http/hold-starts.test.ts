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

  it('G14: lets no more than 500 a second go however many are held, none for longer than five seconds', async () => {
    holdMany(2_600, 1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(gone).toBeLessThan(520);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(gone).toBe(2_600);
  });

  it('G12: ends for all when the service stops', async () => {
    holdMany(10, 1);
    hold.stop();
    holdMany(1, 1);
    await vi.advanceTimersByTimeAsync(0);
    expect(gone).toBe(11);
  });
});
