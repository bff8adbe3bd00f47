import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProcessState } from '../../../domain/process/process-state.ts';
import { createWaitroom, type Waitroom } from '../../../domain/process/waitroom.ts';
import { stateOf } from '../../support/events.ts';

describe('the waitroom', () => {
  let room: Waitroom;
  beforeEach(() => {
    vi.useFakeTimers();
    room = createWaitroom();
  });
  afterEach(() => {
    // Every way out of the room takes its timer along: none keeps the process alive.
    expect(room.size()).toBe(0);
    expect(room.awaited()).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('G6: wakes all waiters of a process with its end, and nobody else', async () => {
    const waiters = [room.wait('p', 1_000), room.wait('p', 2_000), room.wait('p', 3_000)];
    const other = room.wait('q', 1_000);
    room.notify(stateOf('p', 4, 'ok'));
    for (const { ended } of waiters) expect(await ended).toEqual(stateOf('p', 4, 'ok'));
    expect(room.awaited()).toEqual(['q']);
    room.notify(stateOf('q', 2, 'error'));
    expect(await other.ended).toEqual(stateOf('q', 2, 'error'));
  });

  it('G6: still waits after states that are no end', async () => {
    const waiter = room.wait('p', 1_000);
    room.notify(stateOf('p', 1));
    room.notify(stateOf('p', 2));
    expect(room.size()).toBe(1);
    room.notify(stateOf('p', 3, 'ok'));
    expect((await waiter.ended)?.version).toBe(3);
  });

  it('does not take a late end that a retry took back for the new one', async () => {
    const waiter = room.wait('p', 1_000, 5);
    room.notify(stateOf('p', 4, 'error'));
    room.notify(stateOf('p', 5, 'error'));
    expect(room.size()).toBe(1);
    room.notify(stateOf('p', 7, 'ok'));
    expect((await waiter.ended)?.version).toBe(7);
  });

  it('releases each waiter with null when its own time is up', async () => {
    const short = room.wait('p', 1_000);
    const long = room.wait('p', 25_000);
    vi.advanceTimersByTime(1_000);
    expect(await short.ended).toBeNull();
    expect(room.size()).toBe(1);
    vi.advanceTimersByTime(24_000);
    expect(await long.ended).toBeNull();
  });

  it('G6: frees the slot of a caller who hangs up, once', async () => {
    const gone = room.wait('p', 1_000);
    const stays = room.wait('p', 1_000);
    gone.cancel();
    gone.cancel();
    expect(await gone.ended).toBeNull();
    expect(room.size()).toBe(1);
    room.notify(stateOf('p', 1, 'ok'));
    expect(await stays.ended).not.toBeNull();
    stays.cancel();
    expect((await stays.ended)?.status).toBe('ok');
  });

  it('G12: releases everybody at the stop, and those who still come at once', async () => {
    const waiters = ['a', 'b', 'b', 'c'].map((id) => room.wait(id, 25_000));
    room.watch('a', () => {});
    room.releaseAll();
    for (const { ended } of waiters) expect(await ended).toBeNull();
    const late = room.wait('d', 25_000);
    vi.advanceTimersByTime(1);
    expect(await late.ended).toBeNull();
  });

  it('calls a watcher on every state until it leaves', () => {
    const seen: ProcessState[] = [];
    const leave = room.watch('p', (state) => seen.push(state));
    room.notify(stateOf('p', 1));
    room.notify(stateOf('q', 1));
    room.notify(stateOf('p', 2, 'ok'));
    expect(seen.map(({ version }) => version)).toEqual([1, 2]);
    leave();
    leave();
    room.notify(stateOf('p', 3, 'ok'));
    expect(seen).toHaveLength(2);
  });

  it('G6: wakes the others after a watcher that throws, and logs that it threw', async () => {
    const leave = room.watch('p', () => {
      throw new Error('broken watcher');
    });
    const waiter = room.wait('p', 1_000);
    expect(() => room.notify(stateOf('p', 1, 'ok'))).toThrow(AggregateError);
    expect(await waiter.ended).not.toBeNull();
    leave();
  });

  it('wakes a process without a look at the other 100,000 waiters', () => {
    const touched: string[] = [];
    const leaves = Array.from({ length: 100_000 }, (_, at) =>
      room.watch(`p-${at}`, ({ correlationId }) => touched.push(`${at} ${correlationId}`)),
    );
    room.notify(stateOf('p-77777', 1));
    room.notify(stateOf('p-unknown', 1));
    expect(touched).toEqual(['77777 p-77777']);
    for (const leave of leaves) leave();
  });

  it('waits for a process again after everybody has left', async () => {
    room.wait('p', 1_000).cancel();
    const again = room.wait('p', 1_000);
    room.notify(stateOf('p', 1, 'ok'));
    expect(await again.ended).not.toBeNull();
  });
});
