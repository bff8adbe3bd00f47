import type { StoredEvent } from '../../../domain/process/index.ts';
import type { DifferenceKind } from '../../../domain/projection/index.ts';

/** Something in a stream that does not belong there. */
export interface Stray {
  kind: DifferenceKind;
  version: number;
  eventId: string;
  message: string;
}

export interface OriginCheck {
  /** The first of each kind. */
  readonly strays: readonly Stray[];
  /** The events must come in the order of their versions. */
  add(event: StoredEvent): void;
}

const STARTED = 'started:';

/**
 * Says whether the events of a stream are of the process that was requested (G17): it begins with a request,
 * every event is of the same process, and every instance was started for its request or for a retry.
 */
export function createOriginCheck(): OriginCheck {
  const strays: Stray[] = [];
  /** Ids of the requests and retries that no instance was started for so far. */
  const unanswered = new Set<string>();
  const instances = new Set<string>();
  let processName: string | undefined;

  function say({ id, version }: StoredEvent, kind: DifferenceKind, message: string): void {
    if (strays.every((stray) => stray.kind !== kind)) {
      strays.push({ kind, version, eventId: id, message });
    }
  }

  /** The event that an instance was started for; events of the first releases do not name it. */
  function causeOf({ dedupeKey }: StoredEvent): string | undefined {
    if (dedupeKey?.startsWith(STARTED)) return dedupeKey.slice(STARTED.length);
    const [first] = unanswered;
    return first;
  }

  return {
    strays,
    add(event) {
      const { type, version, data } = event;
      if (version === 1 && type !== 'process-requested') {
        say(event, 'request-missing', `the stream begins with ${type}, and nobody requested it`);
      }
      processName ??= event.processName;
      if (event.processName !== processName) {
        const message = `the event is of the process "${event.processName}", the first one of "${processName}"`;
        say(event, 'process-mixed', message);
      }
      if (type === 'process-requested' || type === 'process-retried') unanswered.add(event.id);
      if (type === 'process-started') {
        const cause = causeOf(event);
        if (cause === undefined || !unanswered.delete(cause)) {
          say(
            event,
            'instance-foreign',
            `no request or retry explains the instance ${event.data.processInstanceId}`,
          );
        } else instances.add(event.data.processInstanceId);
      }
      if ('instanceId' in data && data.instanceId && !instances.has(data.instanceId)) {
        const message = `the step was done in the instance ${data.instanceId}, which is none of the process`;
        say(event, 'instance-foreign', message);
      }
    },
  };
}
