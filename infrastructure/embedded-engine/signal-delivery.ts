import type { EngineCore } from './engine-core.ts';

/** Delivers the signals that too many roots waited for, in batches, until all have theirs; again after a restart. */
export interface SignalDelivery {
  start(): void;
  stop(): void;
  /** A signal waits for its delivery. */
  wake(): void;
  /** Resolves when nothing is on its way any more, or the database does not answer. */
  allDelivered(): Promise<void>;
}

/** Roots in one transaction. */
const BATCH = 100;
/** Milliseconds before the next attempt after the database did not answer. */
const RETRY_MS = 1_000;

export function createSignalDelivery(core: EngineCore): SignalDelivery {
  let running: Promise<void> | null = null;
  let isWoken = false;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let hasReleased = false;

  function wake(): void {
    isWoken = true;
    if (running || stopped) return;
    clearTimeout(timer);
    running = deliver().finally(() => {
      running = null;
      if (isWoken) wake();
    });
  }

  async function deliver(): Promise<void> {
    isWoken = false;
    try {
      if (!hasReleased) await releaseHeld();
      let roots = BATCH;
      while (roots > 0 && !stopped) roots = await core.run((unit) => unit.deliverSignals(BATCH));
    } catch (error) {
      if (stopped) return;
      core.log.error({ err: error }, 'engine: could not deliver a signal to all; will try again');
      timer = setTimeout(wake, RETRY_MS);
    }
  }

  /** What could not be read before the restart may be readable now. */
  async function releaseHeld(): Promise<void> {
    await core.run((unit) => unit.defer(() => core.store.signals.release()));
    hasReleased = true;
  }

  return {
    start: wake,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
    wake,
    async allDelivered() {
      await running;
    },
  };
}
