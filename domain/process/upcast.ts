import { UnreadableEventError } from '../common/index.ts';
import { CURRENT_SCHEMA_VERSION, type StoredEvent } from './events.ts';

/** An event as it was written, by whatever version of the code wrote it. */
export type WrittenEvent = Omit<StoredEvent, 'data'> & { data: Record<string, unknown> };

/** Converts the payload of one schema version to the next. */
type Upcaster = (event: WrittenEvent) => WrittenEvent;

/**
 * `upcasters[n]` converts schema version n to n + 1.
 *
 * 1 → 2: failures carry `kind`; before, every recorded failure was a technical one, and
 * `process-failed` did not name the step.
 *
 * 2 → 3: the payload stayed; from here on the row has a hash.
 *
 * 3 → 4: the payload stayed; from here on there are actors, `message-delivered`, and `dates`,
 * the names of values that are dates.
 */
const upcasters: Record<number, Upcaster> = {
  1: (event) => {
    if (event.type === 'step-failed') {
      return { ...event, data: { kind: 'technical', code: 'STEP_FAILED', ...event.data } };
    }
    if (event.type === 'process-failed') {
      return {
        ...event,
        data: { kind: 'technical', code: 'PROCESS_FAILED', failedStep: null, ...event.data },
      };
    }
    return event;
  },
};

/**
 * Brings an event of any older `schema_version` to the current one, one version at a time, when it
 * is read; the row itself is never rewritten.
 *
 * @throws UnreadableEventError when the event was written by newer code than this.
 */
export function upcast(event: WrittenEvent): StoredEvent {
  if (event.schemaVersion > CURRENT_SCHEMA_VERSION) {
    throw new UnreadableEventError(event.correlationId, event.version, event.schemaVersion);
  }
  let current = event;
  for (let version = event.schemaVersion; version < CURRENT_SCHEMA_VERSION; version++) {
    current = upcasters[version]?.(current) ?? current;
  }
  // The row was written from a ProcessEvent of its schema version and converted to this one.
  return { ...current, schemaVersion: CURRENT_SCHEMA_VERSION } as unknown as StoredEvent;
}
