import type { StepFailed, StoredEvent } from './events.ts';

/**
 * The event of the last step in which a rule refused.
 *
 * @param since version from which on (exclusive) events count
 */
export function lastRefusal(
  events: readonly StoredEvent[],
  since = 0,
): (StoredEvent & StepFailed) | undefined {
  const found = events.findLast(
    (event) =>
      event.version > since && event.type === 'step-failed' && event.data.kind === 'business',
  );
  return found?.type === 'step-failed' ? found : undefined;
}
