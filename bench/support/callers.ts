import { percentile } from './statistics.ts';

export interface Measured {
  count: number;
  perSecond: number;
  /** Milliseconds of one call. */
  p50: number;
  p99: number;
}

/** Lets a number of callers call `once` again and again at the same time, for so many seconds. */
export async function runCallers(
  callers: number,
  seconds: number,
  once: () => Promise<unknown>,
): Promise<Measured> {
  const times: number[] = [];
  const began = performance.now();
  const end = began + seconds * 1_000;
  const caller = async (): Promise<void> => {
    while (performance.now() < end) {
      const at = performance.now();
      await once();
      times.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return {
    count: times.length,
    perSecond: (times.length / (performance.now() - began)) * 1_000,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
  };
}
