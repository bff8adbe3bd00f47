/** Whether the engine answers the worker of this service instance. */
export interface EngineContact {
  /** Called when the worker has asked the engine for tasks. */
  onPoll(outcome: 'ok' | 'error'): void;
  /** Whether the last poll was answered, within the last two seconds. */
  isFresh(): boolean;
}

/** An idle worker polls once a second (`LONG_POLL_MS`). An engine that hangs is noticed this many milliseconds later. */
const FRESH_MS = 2_000;

/**
 * The polls of a worker show that its engine works, so that a probe of readiness need not wait for an engine that is busy.
 *
 * @param clock milliseconds that never fall
 */
export function createEngineContact(clock: () => number): EngineContact {
  let answeredAt = Number.NEGATIVE_INFINITY;

  return {
    onPoll(outcome) {
      answeredAt = outcome === 'ok' ? clock() : Number.NEGATIVE_INFINITY;
    },
    isFresh: () => clock() - answeredAt < FRESH_MS,
  };
}
