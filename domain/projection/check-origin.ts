import type { StoredEvent } from '../process/index.ts';
import type { DifferenceKind, StreamFault } from './verification.ts';

export interface OriginCheck {
  /** The first of each kind. */
  readonly faults: readonly StreamFault[];
  /** Events must come in the order of their versions. */
  add(event: StoredEvent): void;
}

const STARTED = 'started:';

/**
 * Checks that the events of a stream belong to the process that was requested (G17): the stream begins with a
 * request, all events are of the same process, and every instance was started for the request or for a retry.
 */
export function createOriginCheck(): OriginCheck {
  const faults: StreamFault[] = [];
  /** Ids of the requests and retries that no instance was started for so far. */
  const unanswered = new Set<string>();
  const instances = new Set<string>();
  let processName: string | undefined;

  function report({ id, version }: StoredEvent, kind: DifferenceKind, message: string): void {
    if (faults.every((fault) => fault.kind !== kind)) {
      faults.push({ kind, version, eventId: id, message });
    }
  }

  /** The event that an instance was started for; events of the first releases do not name it. */
  function causeOf({ dedupeKey }: StoredEvent): string | undefined {
    if (dedupeKey?.startsWith(STARTED)) return dedupeKey.slice(STARTED.length);
    const [first] = unanswered;
    return first;
  }

  return {
    faults,
    add(event) {
      const { type, version, data } = event;
      if (version === 1 && type !== 'process-requested') {
        report(event, 'request-missing', `the stream begins with ${type}, without a request`);
      }
      processName ??= event.processName;
      if (event.processName !== processName) {
        const message = `the event is of the process "${event.processName}", the first one of "${processName}"`;
        report(event, 'process-mixed', message);
      }
      if (type === 'process-requested' || type === 'process-retried') unanswered.add(event.id);
      if (type === 'process-started') {
        const cause = causeOf(event);
        const instance = event.data.processInstanceId;
        if (cause !== undefined && unanswered.delete(cause)) instances.add(instance);
        else {
          const message = `no request or retry explains the instance ${instance}`;
          report(event, 'instance-foreign', message);
        }
      }
      if ('instanceId' in data && data.instanceId && !instances.has(data.instanceId)) {
        const message = `the step was done in the instance ${data.instanceId}, which does not belong to the process`;
        report(event, 'instance-foreign', message);
      }
    },
  };
}
