import type { Json } from '../../domain/common/index.ts';
import { isSealed } from '../../domain/personal-data/index.ts';
import {
  CURRENT_SCHEMA_VERSION,
  type EventType,
  eventStatus,
  MAX_APPEND,
  type ProcessEvent,
  type StoredEvent,
  upcast,
} from '../../domain/process/index.ts';
import { decodeName, encodeName } from './process-name.ts';

/** A row of event_log without `id`; the names are the columns. */
export interface EventRow {
  correlation_id: string;
  version: number;
  event_type: string;
  schema_version: number;
  dedupe_key: string | null;
  step_name: string;
  status: string;
  http_method: string | null;
  endpoint: string | null;
  request_data: string | null;
  response_data: string | null;
  error_message: string | null;
  http_status_code: number | null;
  batch_id: string | null;
  traceability_id: string | null;
  application_id: string | null;
  target_system: string | null;
  originating_system: string | null;
  process_name: string | null;
  step: number | null;
  identifiers: string | null;
  result: string | null;
  metadata: string | null;
  execution_time: number | null;
  /** Null where no caller caused it, and before schema version 4. */
  actor: string | null;
  created_at: string;
  /** Link of the stream's hash chain (`event-hash.ts`); null before schema version 3. */
  hash: Buffer | null;
}

export const EVENT_COLUMNS = [
  'correlation_id',
  'version',
  'event_type',
  'schema_version',
  'dedupe_key',
  'step_name',
  'status',
  'http_method',
  'endpoint',
  'request_data',
  'response_data',
  'error_message',
  'http_status_code',
  'batch_id',
  'traceability_id',
  'application_id',
  'target_system',
  'originating_system',
  'process_name',
  'step',
  'identifiers',
  'result',
  'metadata',
  'execution_time',
  'actor',
  'created_at',
  'hash',
] as const satisfies readonly (keyof EventRow)[];

/** The field of an event's data that each of the audit columns holds; the rest is in `metadata`. */
const HOMES: Record<EventType, { request?: string; response?: string; error?: string }> = {
  'process-requested': { request: 'variables' },
  'process-started': {},
  'step-completed': { request: 'input', response: 'output' },
  'step-failed': { request: 'input', error: 'message' },
  'process-completed': { response: 'result' },
  'process-failed': { error: 'message' },
  'process-cancelled': { error: 'reason' },
  'process-retried': {},
  'message-delivered': {},
};

/** An event as its row; `created_at` and the place in the hash chain are left to the caller. */
export function toEventRow(
  correlationId: string,
  version: number,
  event: ProcessEvent,
  createdAt: string,
): EventRow {
  const { identity, audit } = event;
  const home = HOMES[event.type];
  const data: Readonly<Record<string, unknown>> = event.data;
  const rest: Record<string, unknown> = {};
  for (const name in data) {
    if (name !== home.request && name !== home.response && name !== home.error) {
      rest[name] = data[name];
    }
  }
  const take = (name: string | undefined): unknown =>
    name === undefined ? null : (data[name] ?? null);
  const request = take(home.request) as Json;
  const response = take(home.response) as Json;
  let error = take(home.error) as string | null;
  if (home.error && isSealed(error)) {
    // Who reads the table is helped more by the code than by ciphertext.
    rest[home.error] = error;
    error = typeof rest.code === 'string' ? rest.code : event.type;
  }
  if (identity.traceparent) rest.traceparent = identity.traceparent;
  if (identity.tracestate) rest.tracestate = identity.tracestate;
  return {
    correlation_id: correlationId,
    version,
    event_type: event.type,
    schema_version: CURRENT_SCHEMA_VERSION,
    dedupe_key: event.dedupeKey ?? null,
    step_name: keyText('step' in event ? event.step.name : event.type, 255),
    status: eventStatus(event.type),
    http_method: keyText(audit.httpMethod, 10),
    endpoint: keyText(audit.endpoint, 500),
    request_data: jsonText(request),
    response_data: jsonText(response),
    error_message: wellFormed(error),
    http_status_code: audit.httpStatusCode ?? null,
    batch_id: keyText(identity.batchId, 255),
    traceability_id: keyText(identity.traceabilityId, 255),
    application_id: keyText(identity.applicationId, 255),
    target_system: keyText(audit.targetSystem, 255),
    originating_system: keyText(identity.originatingSystem, 255),
    process_name: keyText(encodeName(event.processName), 255),
    step: 'step' in event ? event.step.number : null,
    identifiers: jsonText(identity.identifiers ?? null),
    result: wellFormed(audit.result ?? null),
    metadata: Object.keys(rest).length > 0 ? JSON.stringify(rest) : null,
    execution_time: audit.executionTime ?? null,
    actor: event.actor ?? null,
    created_at: createdAt,
    hash: null,
  };
}

/** Begins the dedupe keys that a store gives to appends whose caller gave none; no reader sees them. */
export const OWN_KEY = 'append:';

/** A row of event_log or of its archive. */
export interface FoundEventRow extends EventRow {
  /** Null for a live one. */
  archived_at: string | null;
}

/** The event in a row, lifted to the current schema version. */
export function fromEventRow(
  id: string,
  row: EventRow & Partial<Pick<FoundEventRow, 'archived_at'>>,
): StoredEvent {
  const type = row.event_type as EventType;
  const { traceparent, tracestate, ...data } = payloadOf(row);
  const isStep = type === 'step-completed' || type === 'step-failed';
  return upcast({
    id,
    type,
    correlationId: row.correlation_id,
    version: row.version,
    schemaVersion: row.schema_version,
    createdAt: row.created_at,
    ...(row.archived_at ? { archivedAt: row.archived_at } : {}),
    processName: decodeName(row.process_name ?? ''),
    ...(row.dedupe_key === null || row.dedupe_key.startsWith(OWN_KEY)
      ? {}
      : { dedupeKey: row.dedupe_key }),
    // What reads only some of the columns has none.
    ...((row.actor ?? null) === null ? {} : { actor: row.actor }),
    ...(isStep ? { step: { name: row.step_name, number: row.step ?? 0 } } : {}),
    identity: present({
      batchId: row.batch_id,
      traceabilityId: row.traceability_id,
      applicationId: row.application_id,
      originatingSystem: row.originating_system,
      identifiers: row.identifiers === null ? null : JSON.parse(row.identifiers),
      traceparent: traceparent ?? null,
      tracestate: tracestate ?? null,
    }),
    audit: present({
      httpMethod: row.http_method,
      endpoint: row.endpoint,
      httpStatusCode: row.http_status_code,
      targetSystem: row.target_system,
      executionTime: row.execution_time,
      result: row.result,
    }),
    data,
  } as Parameters<typeof upcast>[0]);
}

/** The data of the event in a row, and its trace beside it. */
export function payloadOf(
  row: Pick<
    EventRow,
    'event_type' | 'request_data' | 'response_data' | 'error_message' | 'metadata'
  >,
): Record<string, unknown> {
  const home = HOMES[row.event_type as EventType];
  const payload = row.metadata ? (JSON.parse(row.metadata) as Record<string, unknown>) : {};
  if (home.request) payload[home.request] = parseJson(row.request_data);
  if (home.response) payload[home.response] = parseJson(row.response_data);
  // A sealed text is in the metadata, with the code in its place.
  if (home.error) payload[home.error] ??= row.error_message;
  return payload;
}

/** What a reader would get back for an event that was just written. */
export function stored(
  event: ProcessEvent,
  place: Pick<StoredEvent, 'id' | 'correlationId' | 'version' | 'createdAt' | 'archivedAt'>,
): StoredEvent {
  return { ...event, ...place, schemaVersion: CURRENT_SCHEMA_VERSION };
}

/** @throws RangeError for more events than one append takes */
export function checkAppend(events: readonly ProcessEvent[]): void {
  if (events.length > MAX_APPEND) {
    throw new RangeError(`an append takes ${MAX_APPEND} events at most, not ${events.length}`);
  }
}

/** Wraps what ISJSON of SQL Server before 2022 does not take for JSON: a bare number, text, boolean. */
const SCALAR = '$value';

/** JSON for a column: null stays NULL, a scalar is wrapped. */
export function jsonText(value: Json): string | null {
  if (value === null) return null;
  return JSON.stringify(
    typeof value !== 'object' || isWrapped(value) ? { [SCALAR]: value } : value,
  );
}

/** The value that `jsonText` wrote. */
export function parseJson(text: string | null): Json {
  if (text === null) return null;
  const value = JSON.parse(text) as Json;
  return isWrapped(value) ? (value[SCALAR] ?? null) : value;
}

function isWrapped(value: Json): value is { [SCALAR]: Json } {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  const names = Object.keys(value);
  return names.length === 1 && names[0] === SCALAR;
}

function present(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

/**
 * Text as a VARCHAR column of SQL Server gives it back: letters its code page has not become question
 * marks there. The hash is of what is stored.
 */
function keyText(text: string, length: number): string;
function keyText(text: string | undefined, length: number): string | null;
function keyText(text: string | undefined, length: number): string | null {
  if (text === undefined) return null;
  // Hardly any has such a letter, and to look for one costs less than to replace none.
  const plain = FOREIGN.test(text) ? text.replace(ALL_FOREIGN, '?') : text;
  return plain.length > length ? plain.slice(0, length) : plain;
}

const FOREIGN = /[^\x20-\x7e]/;
const ALL_FOREIGN = new RegExp(FOREIGN, 'g');

/** Half of a surrogate pair cannot be stored as UTF-8, and would be read back as something else. */
function wellFormed(text: string | null): string | null {
  return text && (/[\ud800-\udfff]/.test(text) ? Buffer.from(text).toString() : text);
}
