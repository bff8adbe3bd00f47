import {
  type EventType,
  type StoredEvent,
  upcast,
  type WrittenEvent,
} from '../../../domain/process/index.ts';
import { type EventRow, payloadOf } from '../event-row.ts';
import { decodeName } from '../process-name.ts';
import { type Side, TABLES } from './sides.ts';

/** What `evolve` needs of an event; the large columns of the others are not even read. */
export type FoldRow = Pick<
  EventRow,
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
> & {
  id: number | string;
  archived_at: string | null;
};

/** Types of which nothing but type, version, time and step counts. */
const BARE: ReadonlySet<string> = new Set<EventType>([
  'process-requested',
  'step-completed',
  'step-failed',
  'process-retried',
  'message-delivered',
]);

const bareTypes = [...BARE].map((type) => `'${type}'`).join(', ');

/**
 * The columns of a FoldRow. Only the result of a process is read of the data.
 *
 * @param none how the database writes a missing time
 */
export function foldColumns(side: Side, none: string): string {
  const full = (column: string): string =>
    `CASE WHEN event_type NOT IN (${bareTypes}) THEN ${column} END AS ${column}`;
  return `id, correlation_id, version, event_type, schema_version, step_name,
  CASE WHEN event_type = 'process-completed' THEN response_data END AS response_data,
  ${full('error_message')}, process_name, ${full('metadata')}, created_at,
  ${side === 'live' ? none : TABLES.archive.kept} AS archived_at`;
}

/** The event in a row, as far as it is folded: without what is not read, and what nobody asks here. */
export function toFoldEvent(row: FoldRow): StoredEvent {
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

/** Shared by all events, so nobody may write to it. */
const NONE = Object.freeze({});

/** The values of the columns, in the order of `foldColumns`. */
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

/** Rows that a driver gives as objects are slow to read: they have no common shape. */
export function fromFoldValues(values: FoldValues): FoldRow {
  return {
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
  };
}
