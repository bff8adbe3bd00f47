import type { Json, JsonObject } from '../common/index.ts';
import type { StoredEvent } from '../process/index.ts';
import type { Delivery } from './delivery.ts';

/**
 * The body of a delivery. It is made when it is sent, from the event as the REST API shows it: what was erased meanwhile
 * is not in it.
 *
 * @param event null: a notice, or the process was purged from the archive meanwhile
 */
export function payloadOf(delivery: Delivery, event: StoredEvent | null): string {
  const { type, correlationId, processKey } = delivery;
  const process = { correlationId, processKey };
  if (delivery.notice) {
    return bodyOf(type, delivery.createdAt, { ...process, ...delivery.notice });
  }
  if (!event) return bodyOf(type, delivery.createdAt, { ...process, purged: true });
  const { identity, version } = event;
  const { traceparent: _, tracestate: __, ...ids } = identity;
  return bodyOf(type, event.createdAt, {
    ...process,
    version,
    ...outcomeOf(event),
    ...(event.erased ? { erased: true } : {}),
    ...(ids as JsonObject),
    statusUrl: `/api/process/status/${encodeURIComponent(correlationId)}`,
  });
}

function outcomeOf(event: StoredEvent): Record<string, Json> {
  switch (event.type) {
    case 'process-completed':
      return { status: 'ok', result: event.data.result };
    case 'process-failed': {
      const { kind, code, message, failedStep } = event.data;
      return { status: 'error', error: { kind, code, message, step: failedStep } };
    }
    case 'process-cancelled': {
      const error = { kind: 'cancelled', code: 'CANCELLED', message: event.data.reason };
      return { status: 'error', error };
    }
    case 'step-failed': {
      const { kind, code, message, attempt, retriesLeft } = event.data;
      const error = { kind, code, message, step: event.step.name };
      return { status: 'pending', attempt, retriesLeft, error };
    }
    default:
      return {};
  }
}

function bodyOf(type: string, timestamp: string, data: JsonObject): string {
  return JSON.stringify({ type, timestamp, data });
}
