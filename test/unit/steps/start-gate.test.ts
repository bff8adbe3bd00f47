import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createStartGate, type StartGate } from '../../../infrastructure/worker/start-gate.ts';

const SLOTS = 16;
/** Beyond every delay of the gate. */
const LONG_MS = 60_000;

describe('the start gate', () => {
  let gate: StartGate;
  let free: number;
  let ended: number;
  let begun: string[];
  let finish: Map<string, () => void>;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    gate = createStartGate(SLOTS);
    free = 0;
    ended = 0;
    begun = [];
    finish = new Map();
  });
  afterEach(() => vi.useRealTimers());

  function start(name: string, isUrgent = false): void {
    void gate.run(isUrgent, () => {
      begun.push(name);
      return new Promise<void>((resolve) => finish.set(name, resolve));
    });
  }

  async function slotsFree(count: number): Promise<void> {
    free = count;
    gate.check();
    await turns();
  }

  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn++) await nextTurn();
  };

  const attach = (): void => gate.attach({ freeSlots: () => free, endedTasks: () => ended });
  const startMany = (prefix: string, count: number, isUrgent = false): string[] => {
    const names = Array.from({ length: count }, (_, at) => `${prefix}-${at}`);
    for (const name of names) start(name, isUrgent);
    return names;
  };

  it('G14: lets no more starts begin than slots are free, the oldest first', async () => {
    attach();
    const names = startMany('start', 5);
    await turns();
    expect(begun).toEqual([]);
    await slotsFree(2);
    expect(begun).toEqual(names.slice(0, 2));
    // A start holds its slot until it has ended: by then its first task is in hand, or it has none.
    await slotsFree(2);
    expect(begun).toHaveLength(2);
    finish.get('start-0')?.();
    await turns();
    expect(begun).toEqual(names.slice(0, 3));
    await slotsFree(10);
    expect(begun).toEqual(names);
  });

  it('G14: begins at once while slots are free', async () => {
    free = 1;
    attach();
    start('now');
    await turns();
    expect(begun).toEqual(['now']);
  });

  it('G14: lets starts that a caller waits for begin before others, and one other in eight', async () => {
    attach();
    const others = startMany('other', 3);
    const urgent = startMany('urgent', 14, true);
    await slotsFree(16);
    expect(begun).toEqual([
      ...[...urgent.slice(0, 7), others[0]],
      ...[...urgent.slice(7, 14), others[1]],
    ]);
  });

  it('lets some begin when no slot has become free for a while, for steps may hold theirs for hours', async () => {
    attach();
    startMany('start', 20);
    await turns();
    expect(begun).toEqual([]);
    vi.advanceTimersToNextTimer();
    await turns();
    const first = begun.length;
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(SLOTS);
    vi.advanceTimersByTime(LONG_MS);
    await turns();
    expect(begun).toHaveLength(20);
  });

  it('G14: lets hardly any begin without a slot while tasks end in the slots', async () => {
    attach();
    startMany('start', 20);
    await turns();
    ended += SLOTS;
    vi.advanceTimersToNextTimer();
    await turns();
    expect(begun).toHaveLength(1);
  });

  it('G14: lets few begin without a slot where steps take long, whatever the time', async () => {
    attach();
    startMany('start', 10_000);
    await turns();
    // Ten minutes in which a task ends every four seconds, as with steps of a minute, and the next one takes its slot.
    for (let second = 0; second < 600; second++) {
      if (second % 4 === 0) ended++;
      for (const finished of finish.values()) finished();
      vi.advanceTimersByTime(1_000);
      await turns();
    }
    expect(begun.length).toBeGreaterThan(SLOTS);
    expect(begun.length).toBeLessThan(4 * SLOTS);
    // With a free slot the gate is as quick to notice a stall as at first.
    const before = begun.length;
    await slotsFree(1);
    expect(begun).toHaveLength(before + 1);
    await slotsFree(0);
    vi.advanceTimersByTime(500);
    await turns();
    expect(begun.length).toBeGreaterThan(before + 1);
  });

  it('lets a start that cannot wait for long give up, unless a slot becomes free', async () => {
    attach();
    const tryFor = (ms: number, name: string) =>
      gate.runWithin(ms, false, async () => void begun.push(name));
    const late = tryFor(100, 'late');
    await vi.advanceTimersByTimeAsync(100);
    expect(await late).toBeUndefined();
    const early = tryFor(100, 'early');
    await vi.advanceTimersByTimeAsync(99);
    await slotsFree(1);
    expect(await early).toEqual({ result: undefined });
    expect(begun).toEqual(['early']);
    await slotsFree(0);
    // Nobody waits any more: what comes next waits for the whole delay before it begins without a slot.
    expect(await Promise.all([tryFor(400, 'gives-up'), vi.advanceTimersByTimeAsync(400)])).toEqual([
      undefined,
      expect.anything(),
    ]);
    start('next');
    await vi.advanceTimersByTimeAsync(499);
    expect(begun).toEqual(['early']);
    await vi.advanceTimersByTimeAsync(1);
    expect(begun).toEqual(['early', 'next']);
  });

  it('says at once when a start cannot wait: as many wait as there are slots, or it is closed', () => {
    expect(gate.runWithin(100, false, async () => {})).toBeUndefined();
    attach();
    startMany('before', SLOTS);
    expect(gate.runWithin(100, false, async () => {})).toBeUndefined();
    gate.close();
    expect(gate.runWithin(100, false, async () => {})).toBeUndefined();
  });

  it('lets all begin when it is closed, and when a start fails it gives its slot back', async () => {
    free = 1;
    attach();
    await expect(gate.run(false, () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    start('next');
    await turns();
    expect(begun).toEqual(['next']);
    const names = startMany('waiting', 3);
    gate.close();
    await turns();
    expect(begun).toEqual(['next', ...names]);
  });
});
