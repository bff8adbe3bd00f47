import { type Log, logIds } from '../common/index.ts';
import type { StoredEvent } from './events.ts';
import type { Notifier } from './notifier.ts';
import type { ProcessMap } from './process-map.ts';
import { fold } from './process-state.ts';

/**
 * Publishes the new state of a process as soon as its events are committed, so that callers need not wait
 * for the projection. It folds the events onto the state in memory. When memory does not hold the state just
 * before them, it publishes nothing, and the projection does later.
 *
 * @returns what to call with the events of one append, after its commit
 */
export function createPublishState(ports: {
  processMap: ProcessMap;
  notifier: Notifier;
  log: Pick<Log, 'debug'>;
}): (events: readonly StoredEvent[]) => void {
  const { processMap, notifier, log } = ports;
  return (events) => {
    const [first] = events;
    if (!first) return;
    const { correlationId, version } = first;
    const known = version === 1 ? null : processMap.get(correlationId);
    if (known === undefined || (known?.version ?? 0) !== version - 1) return;
    const state = fold(events, known);
    if (!state) return;
    notifier.publish(state).catch((error: unknown) => {
      // The projection publishes the same state, and tries until it succeeds.
      const ids = logIds(correlationId, first.identity.traceparent);
      log.debug({ error: String(error), ...ids }, 'state was not published');
    });
  };
}
