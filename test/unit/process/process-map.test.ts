import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProcessMap } from '../../../domain/process/process-map.ts';
import { stateOf } from '../../support/events.ts';

describe('the process map', () => {
  // The cache asks its clock at most once a millisecond, by a timer.
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('takes newer states, and older or known ones never', () => {
    const map = createProcessMap(10, Date);
    expect(map.set(stateOf('p', 2))).toBe(true);
    expect(map.set(stateOf('p', 1))).toBe(false);
    expect(map.set(stateOf('p', 2))).toBe(false);
    expect(map.get('p')?.version).toBe(2);
    expect(map.set(stateOf('p', 4, 'ok'))).toBe(true);
    expect(map.set(stateOf('p', 3))).toBe(false);
    expect(map.get('p')?.status).toBe('ok');
  });

  it('drops a process 5 s after its end', () => {
    const map = createProcessMap(10, Date);
    map.set(stateOf('p', 1));
    vi.advanceTimersByTime(4_000);
    map.set(stateOf('p', 2, 'ok'));
    vi.advanceTimersByTime(4_999);
    expect(map.get('p')?.status).toBe('ok');
    vi.advanceTimersByTime(2);
    expect(map.get('p')).toBeUndefined();
  });

  it('counts the 5 s from the end, however often the process is asked for', () => {
    const map = createProcessMap(10, Date);
    map.set(stateOf('p', 2, 'error'));
    for (let second = 0; second < 5; second++) {
      expect(map.get('p')).toBeDefined();
      vi.advanceTimersByTime(1_001);
    }
    expect(map.get('p')).toBeUndefined();
  });

  it('keeps no ended process in memory that nobody asks for', () => {
    const map = createProcessMap(1_000, Date);
    for (let process = 0; process < 500; process++) {
      map.set(stateOf(`running ${process}`, 1));
      map.set(stateOf(`ended ${process}`, 2, 'ok'));
      vi.advanceTimersByTime(100);
    }
    expect(map.size()).toBeLessThan(500 + 150);
    vi.advanceTimersByTime(20_000);
    expect(map.size()).toBe(500);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('holds no more than it may, and drops the least recently used first', () => {
    const map = createProcessMap(3, Date);
    for (const id of ['a', 'b', 'c']) map.set(stateOf(id, 1));
    map.get('a');
    map.set(stateOf('d', 1));
    expect(map.get('b')).toBeUndefined();
    for (const id of ['a', 'c', 'd']) expect(map.get(id)).toBeDefined();
  });

  it('drops everything after a gap, so that an older state counts as new again', () => {
    const map = createProcessMap(3, Date);
    map.set(stateOf('p', 5));
    map.clear();
    expect(map.get('p')).toBeUndefined();
    expect(map.set(stateOf('p', 4))).toBe(true);
  });
});
