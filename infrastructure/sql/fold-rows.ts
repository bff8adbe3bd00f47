import type { Partition } from '../../domain/archive/index.ts';
import {
  type EventType,
  type StoredEvent,
  upcast,
  type WrittenEvent,
} from '../../domain/process/index.ts';
import type { UnreadEvent } from '../../domain/projection/index.ts';
import { type FoundEventRow, payloadOf } from './event-row.ts';
import { decodeName } from './process-name.ts';
import { TABLES } from './process-tables.ts';

/** What `evolve` needs of an event; the large columns of the others are not even read. */
export type FoldRow = Pick<
  FoundEventRow,
  | 'correlation_id'
  | 'version'
  | 'event_type'
  | 'schema_version'
  | 'step_name'
  | 'response_data'
  | 'error_message'
  | 'process_name'
  | 'metadata'
  | 'created_at'
  | 'archived_at'
> & { id: number | string };

/** Types of which only type, version, time and step count. */
const BARE: ReadonlySet<string> = new Set<EventType>([
  'process-requested',
  'step-completed',
  'step-failed',
  'process-retried',
  'message-delivered',
]);

const bareTypes = [...BARE].map((type) => `'${type}'`).join(', ');

/**
 * Selects the columns of a FoldRow. Of the data only the result of a process is read.
 *
 * @param noTime how the database writes a missing time
 */
export function selectFoldRows(partition: Partition, noTime: string): string {
  const full = (column: string): string =>
    `CASE WHEN event_type NOT IN (${bareTypes}) THEN ${column} END AS ${column}`;
  return `id, correlation_id, version, event_type, schema_version, step_name,
  CASE WHEN event_type = 'process-completed' THEN response_data END AS response_data,
  ${full('error_message')}, process_name, ${full('metadata')}, created_at,
  ${partition === 'live' ? noTime : 'archived_at'} AS archived_at FROM ${TABLES[partition].events}`;
}

/** The values of the columns, in the order of `selectFoldRows`. */
export type FoldValues = [
  id: FoldRow['id'],
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
];

/** Rows that a driver returns as objects are slow to read: they have no common shape. */
export function fromFoldValues(values: FoldValues): UnreadEvent {
  return toUnreadEvent({
    id: values[0],
    correlation_id: values[1],
    version: values[2],
    event_type: values[3],
    schema_version: values[4],
    step_name: values[5],
    response_data: values[6],
    error_message: values[7],
    process_name: values[8],
    metadata: values[9],
    created_at: values[10],
    archived_at: values[11],
  });
}

export function toUnreadEvent(row: FoldRow): UnreadEvent {
  return {
    id: row.id,
    correlationId: row.correlation_id,
    version: row.version,
    processName: decodeName(row.process_name ?? ''),
    archivedAt: row.archived_at,
    read: () => toFoldEvent(row),
  };
}

/** The event in a row, as far as a fold needs it. */
function toFoldEvent(row: FoldRow): StoredEvent {
  return upcast({
    id: '',
    type: row.event_type as EventType,
    correlationId: row.correlation_id,
    version: row.version,
    schemaVersion: row.schema_version,
    createdAt: row.created_at,
    processName: decodeName(row.process_name ?? ''),
    step: { name: row.step_name, number: 0 },
    identity: NONE,
    audit: NONE,
    data: BARE.has(row.event_type) ? NONE : payloadOf({ ...row, request_data: null }),
  } as WrittenEvent);
}

/** Shared by all events, so it must not be written to. */
const NONE = Object.freeze({});
