import type { JsonObject } from '../common/index.ts';
import type { ProcessIdentity } from './events.ts';

/**
 * The variables that the service gives every instance, by the names of the data model. They are for models and
 * for workers elsewhere to read; the service itself never reads one, for anybody may change a variable (G17).
 */
export const RESERVED_VARIABLES: readonly string[] = [
  'correlationId',
  'batch_id',
  'traceability_id',
  'application_id',
  'originating_system',
  'identifiers',
  'traceparent',
  'tracestate',
];

/** Which of some names are reserved. */
export function reservedAmong(names: Iterable<string>): string[] {
  const given = new Set(names);
  return RESERVED_VARIABLES.filter((name) => given.has(name));
}

/** The values of the reserved variables in the instance of a process; undefined for one that is not set. */
export function reservedValues(correlationId: string, identity: ProcessIdentity): JsonObject {
  const { traceparent, tracestate } = identity;
  // A worker has nothing to add to a trace that nobody records, and a variable costs the engine two rows or three.
  const isRecorded = traceparent !== undefined && isSampled(traceparent);
  return {
    correlationId,
    batch_id: identity.batchId,
    traceability_id: identity.traceabilityId,
    application_id: identity.applicationId,
    originating_system: identity.originatingSystem,
    identifiers: identity.identifiers,
    traceparent: isRecorded ? traceparent : undefined,
    tracestate: isRecorded ? tracestate : undefined,
  };
}

/** @see https://www.w3.org/TR/trace-context/#sampled-flag */
function isSampled(traceparent: string): boolean {
  return (Number.parseInt(traceparent.slice(-2), 16) & 1) === 1;
}
