import { setTimeout as wait } from 'node:timers/promises';

/** Resolves after that many milliseconds, or when the signal fires. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
