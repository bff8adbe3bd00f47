import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after that many milliseconds, or when the signal fires. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
