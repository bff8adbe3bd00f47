import type { Json, Timestamp } from '../common/index.ts';
import type { Audit, EventType, ProcessIdentity, StoredEvent } from './events.ts';

/** An event as the REST API and exports show it: without the keys that only the service uses. */
interface PublicEvent {
  id: string;
  correlationId: string;
  version: number;
  type: EventType;
  processKey: string;
  step?: { name: string; number: number };
  data: Record<string, Json>;
  audit: Audit;
  actor?: string;
  identity: ProcessIdentity;
  createdAt: Timestamp;
  archived?: true;
  erased?: true;
}

/** Converts a stored event to its public form. */
export function publicEvent(event: StoredEvent): PublicEvent {
  return {
    id: event.id,
    correlationId: event.correlationId,
    version: event.version,
    type: event.type,
    processKey: event.processName,
    ...('step' in event ? { step: event.step } : {}),
    data: event.data,
    audit: event.audit,
    ...(event.actor === undefined ? {} : { actor: event.actor }),
    identity: event.identity,
    createdAt: event.createdAt,
    ...(event.archivedAt ? { archived: true } : {}),
    ...(event.erased ? { erased: true } : {}),
  };
}
