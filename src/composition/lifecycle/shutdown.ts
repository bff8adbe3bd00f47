interface ShutdownLog {
  warn(fields: object, message: string): void;
}

export interface Shutdown {
  /** Adds what closes a part that was just opened; `timeLeft` says how many milliseconds remain. */
  add(part: string, close: (timeLeft: () => number) => Promise<unknown> | unknown): void;
  /**
   * Closes all parts, the last opened first, within about `timeoutMs`. A part that fails or takes too
   * long is logged and left, and holds up none of the others.
   */
  run(timeoutMs: number): Promise<void>;
}

/** Every part gets at least this long, so that one that ate up the time does not cut off the rest. */
const LEAST_MS = 250;

/** Closes the parts of a service in the reverse of the order they were opened in. */
export function createShutdown(log: ShutdownLog): Shutdown {
  const parts: { part: string; close: (timeLeft: () => number) => unknown }[] = [];
  return {
    add: (part, close) => void parts.unshift({ part, close }),
    async run(timeoutMs) {
      const deadline = Date.now() + timeoutMs;
      const timeLeft = (): number => Math.max(LEAST_MS, deadline - Date.now());
      for (const { part, close } of parts.splice(0)) {
        try {
          await within(timeLeft() + LEAST_MS, async () => close(timeLeft));
        } catch (error) {
          log.warn({ err: error, part }, 'not stopped cleanly');
        }
      }
    },
  };
}

async function within(ms: number, work: () => Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, ms, new Error(`not stopped within ${ms} ms`));
  });
  try {
    await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
