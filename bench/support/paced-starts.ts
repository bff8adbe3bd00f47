import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from './caller.ts';

const PACE_INTERVAL_MS = 10;

/** Starts processes at a rate, whether those before have ended or not. */
export async function pacedStarts(
  caller: Caller,
  perSecond: number,
  seconds: number,
): Promise<void> {
  const began = performance.now();
  const open = new Set<Promise<unknown>>();
  for (let started = 0; performance.now() - began < seconds * 1_000; ) {
    for (; started < ((performance.now() - began) / 1_000) * perSecond; started++) {
      const ended = caller.startAndWait().finally(() => open.delete(ended));
      open.add(ended);
    }
    await sleep(PACE_INTERVAL_MS);
  }
  await Promise.all(open);
}
