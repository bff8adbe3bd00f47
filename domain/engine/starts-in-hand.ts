/** The instances that this service starts and has not recorded yet. */
export interface StartsInHand {
  /** Has the start of a process in hand until `start` has ended. */
  run<Result>(correlationId: string, start: () => Promise<Result>): Promise<Result>;
  /**
   * Resolves when the start of the process that is in hand has ended, well or not, at once when none is. It waits no
   * longer than `MAX_WAIT_MS`: the engine may have the instance and not answer.
   */
  ended(correlationId: string): Promise<void>;
}

/** Longest wait for a start to end, in milliseconds. */
const MAX_WAIT_MS = 1_000;

/**
 * The engine hands out the first task of an instance at the moment at which it answers the start. A worker in the same
 * process that waits for the start job to record the instance asks nothing of the engine and appends nothing itself.
 */
export function createStartsInHand(): StartsInHand {
  const starts = new Map<string, Promise<void>>();

  return {
    async run(correlationId, start) {
      const result = start();
      const ended = result.then(
        () => {},
        () => {},
      );
      starts.set(correlationId, ended);
      try {
        return await result;
      } finally {
        // A second delivery may have come meanwhile.
        if (starts.get(correlationId) === ended) starts.delete(correlationId);
      }
    },
    async ended(correlationId) {
      const ended = starts.get(correlationId);
      if (!ended) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, MAX_WAIT_MS);
        void ended.then(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}
