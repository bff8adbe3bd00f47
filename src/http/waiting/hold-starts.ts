/** Delays starts while there is too much to do, by a timer: answering at once would make callers send the next one. */
export interface StartHold {
  /**
   * Resolves when the start may be checked and accepted.
   *
   * @param share how much of the longest hold, from 0 to 1
   */
  hold(share: number): Promise<void>;
  /** Lets all continue, and holds nothing from then on. */
  stop(): void;
}

/** The longest hold with few callers, in milliseconds. */
const HOLD_MS = 250;
/** With many, no more than one is let go in so many milliseconds, or refusing them would be all that is done. */
const HOLD_EACH_MS = 2;
const MAX_HOLD_MS = 5_000;

export function createStartHold(): StartHold {
  const held = new Set<() => void>();
  let stopped = false;

  return {
    async hold(share) {
      if (share <= 0 || stopped) return;
      const longest = Math.min(MAX_HOLD_MS, Math.max(HOLD_MS, held.size * HOLD_EACH_MS));
      await new Promise<void>((resolve) => {
        const letGo = (): void => {
          clearTimeout(timer);
          held.delete(letGo);
          resolve();
        };
        const timer = setTimeout(letGo, share * longest);
        held.add(letGo);
      });
    },
    stop() {
      stopped = true;
      for (const letGo of held) letGo();
    },
  };
}
