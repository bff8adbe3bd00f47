import type { Partition } from '../../domain/archive/index.ts';
import {
  type EventType,
  type StoredEvent,
  upcast,
  type WrittenEvent,
} from '../../domain/process/index.ts';
import type { UnreadEvent } from '../../domain/projection/index.ts';
import { payloadOf } from './event-row.ts';
import { readIdentifiers } from './identifier-rows.ts';
import { decodeName } from './process-name.ts';
import { TABLES } from './process-tables.ts';

/** Types of which only type, version, time and step count; and of a request the time at which it is to begin. */
const BARE: ReadonlySet<string> = new Set<EventType>([
  'process-requested',
  'step-completed',
  'step-failed',
  'process-retried',
  'message-delivered',
]);

const bareTypes = [...BARE].map((type) => `'${type}'`).join(', ');

/**
 * Selects what `evolve` needs of an event; the large columns of most events are not even read. Of the data only
 * the result of a process is.
 *
 * @param noTime how the database writes a missing time
 */
export function selectFoldRows(partition: Partition, noTime: string): string {
  const full = (column: string): string =>
    `CASE WHEN event_type NOT IN (${bareTypes}) THEN ${column} END AS ${column}`;
  return `id, correlation_id, version, event_type, schema_version, step_name,
  CASE WHEN event_type = 'process-completed' THEN response_data END AS response_data,
  ${full('error_message')}, process_name,
  CASE WHEN event_type NOT IN (${bareTypes}) OR (version = 1 AND metadata LIKE '%"startAt"%') THEN metadata END AS metadata,
  created_at,
  ${partition === 'live' ? noTime : 'archived_at'} AS archived_at,
  CASE WHEN version = 1 THEN identifiers END AS identifiers FROM ${TABLES[partition].events}`;
}

/** The values of the columns, in the order of `selectFoldRows`. */
export type FoldValues = [
  id: number | string,
  correlationId: string,
  version: number,
  type: string,
  schemaVersion: number,
  stepName: string,
  response: string | null,
  error: string | null,
  processName: string | null,
  metadata: string | null,
  createdAt: string,
  archivedAt: string | null,
  identifiers: string | null,
];

/**
 * A class, because a rebuild makes one for every event: an object with a function of its own takes longer than
 * the fold.
 */
class FoldEvent implements UnreadEvent {
  readonly #values: FoldValues;
  constructor(values: FoldValues) {
    this.#values = values;
  }
  get id() {
    return this.#values[0];
  }
  get correlationId() {
    return this.#values[1];
  }
  get version() {
    return this.#values[2];
  }
  get processName() {
    return decodeName(this.#values[8] ?? '');
  }
  get archivedAt() {
    return this.#values[11];
  }
  readIdentifiers() {
    return readIdentifiers(this.#values[12]);
  }
  read(): StoredEvent {
    return toFoldEvent(this.#values);
  }
}

/** An event as far as a fold needs it. */
export const fromFoldValues = (values: FoldValues): UnreadEvent => new FoldEvent(values);

function toFoldEvent(values: FoldValues): StoredEvent {
  const [
    ,
    correlationId,
    version,
    type,
    schemaVersion,
    stepName,
    response,
    error,
    processName,
    metadata,
    createdAt,
  ] = values;
  const data = BARE.has(type)
    ? beginOf(metadata)
    : payloadOf({
        event_type: type,
        request_data: null,
        response_data: response,
        error_message: error,
        metadata,
      });
  return upcast({
    id: '',
    type: type as EventType,
    correlationId,
    version,
    schemaVersion,
    createdAt,
    processName: decodeName(processName ?? ''),
    step: { name: stepName, number: 0 },
    identity: NONE,
    audit: NONE,
    data,
  } as WrittenEvent);
}

function beginOf(metadata: string | null): Readonly<Record<string, unknown>> {
  if (metadata === null) return NONE;
  const { startAt } = JSON.parse(metadata) as Record<string, unknown>;
  return { startAt };
}

/** Shared by all events, so it must not be written to. */
const NONE = Object.freeze({});
