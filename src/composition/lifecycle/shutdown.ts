import { inTime, type Log } from '../../../domain/common/index.ts';

export interface Shutdown {
  /** Adds the function that closes a part that was just opened; `timeLeft` gives the remaining milliseconds. */
  add(part: string, close: (timeLeft: () => number) => Promise<unknown> | unknown): void;
  /**
   * Closes all parts within about `timeoutMs`, the last opened first. A part that fails or takes too long is logged
   * and skipped.
   */
  run(timeoutMs: number): Promise<void>;
}

/** Every part gets at least this time, so that a slow one does not take it all. */
const MIN_PART_MS = 250;

/** Closes the parts of a service in the reverse order of their opening. */
export function createShutdown(log: Pick<Log, 'warn'>): Shutdown {
  const parts: { part: string; close: (timeLeft: () => number) => unknown }[] = [];
  return {
    add: (part, close) => void parts.unshift({ part, close }),
    async run(timeoutMs) {
      const deadline = Date.now() + timeoutMs;
      const timeLeft = (): number => Math.max(MIN_PART_MS, deadline - Date.now());
      for (const { part, close } of parts.splice(0)) {
        const ms = timeLeft() + MIN_PART_MS;
        try {
          await inTime(close(timeLeft), ms, `not stopped within ${ms} ms`);
        } catch (error) {
          log.warn({ err: error, part }, 'not stopped cleanly');
        }
      }
    },
  };
}
