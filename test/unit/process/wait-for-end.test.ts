import { describe, expect, it } from 'vitest';
import type { ProcessState } from '../../../domain/process/process-state.ts';
import { findAfterWait, openWaiter } from '../../../domain/process/wait-for-end.ts';
import { createWaitroom, type WaitEnd } from '../../../domain/process/waitroom.ts';
import { stateOf } from '../../support/events.ts';

/** A waitroom that records how waits ended, and a caller who can hang up. */
function callerIn() {
  const ends: WaitEnd[] = [];
  const waitroom = createWaitroom((how) => void ends.push(how));
  const caller = new AbortController();
  return { waitroom, ends, caller, wait: { ms: 10_000, hungUp: caller.signal } };
}

describe('a caller who waits for the end of a process', () => {
  it('frees its waiter when it hangs up, and counts as hung up', async () => {
    const { waitroom, ends, caller, wait } = callerIn();
    const waiter = openWaiter(waitroom, 'p', wait);
    expect(waitroom.size()).toBe(1);
    caller.abort();
    expect(await waiter?.ended).toBeNull();
    expect([waitroom.size(), ends]).toEqual([0, ['hung-up']]);
  });

  it('has no waiter when it hung up before, or waits for no time', () => {
    const { waitroom, ends, caller, wait } = callerIn();
    expect(openWaiter(waitroom, 'p', { ...wait, ms: 0 })).toBeUndefined();
    caller.abort();
    openWaiter(waitroom, 'p', wait);
    expect([waitroom.size(), ends]).toEqual([0, ['hung-up']]);
  });

  it('gets the state that was looked up when a retry took back the end that it was notified of', async () => {
    const { waitroom, ends, wait } = callerIn();
    const retried = stateOf('p', 6);
    const findProcess = async (): Promise<ProcessState> => {
      waitroom.notify(stateOf('p', 5, 'error'));
      return retried;
    };
    expect(await findAfterWait('p', wait, { waitroom, findProcess })).toEqual(retried);
    expect([waitroom.size(), ends]).toEqual([0, ['answered']]);
  });

  it('frees its waiter when the look-up fails', async () => {
    const { waitroom, wait } = callerIn();
    const findProcess = async (): Promise<never> => {
      throw new Error('the database is away');
    };
    await expect(findAfterWait('p', wait, { waitroom, findProcess })).rejects.toThrow('away');
    expect(waitroom.size()).toBe(0);
  });
});
