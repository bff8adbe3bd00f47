import type { Words } from './view-words.ts';

/** The version of the schema that the view is for: a released migration keeps making the same view. */
type ViewVersion = 7 | 8 | 9;

/**
 * Every event. The one before and the first are looked up by the key of the stream: a window function would read
 * all streams for a query that is not by stream. A process is wholly in one of the two places, so its events never
 * have to be looked for in the other.
 */
export function processTimeline(words: Words, version: ViewVersion): string {
  const { text, integer, noTime } = words;
  const between = betweenIn(words, version);
  const actor = version >= 8 ? ', e.actor' : '';
  const arm = (events: string, processes: string, archivedAt: string): string => `SELECT
  e.correlation_id, e.version, e.id AS event_id, e.event_type, e.process_name, e.step_name, e.step, e.status,
  ${integer('e.metadata', '$.attempt')} AS attempt,
  e.created_at,
  ${between('earlier.created_at', 'e.created_at')} AS ms_since_previous,
  ${between('opening.created_at', 'e.created_at')} AS ms_since_start,
  e.execution_time, e.http_method, e.endpoint, e.http_status_code, e.target_system,
  e.error_message,
  ${text('e.metadata', '$.kind')} AS error_kind,
  ${text('e.metadata', '$.code')} AS error_code,
  ${integer('e.metadata', '$.retriesLeft')} AS retries_left,
  ${integer('e.metadata', '$.retryIn')} AS retry_in_ms,
  ${text('e.metadata', '$.taskId')} AS task_id,
  ${text('e.metadata', '$.processInstanceId')} AS process_instance_id,
  e.batch_id, e.traceability_id, e.application_id, e.originating_system,
  e.identifiers, e.request_data, e.response_data, e.result, e.metadata,
  p.status AS process_status, p.started_at AS process_started_at, p.completed_at AS process_completed_at,
  ${archivedAt} AS archived_at${actor}
FROM ${events} AS e
LEFT JOIN ${events} AS earlier ON earlier.correlation_id = e.correlation_id AND earlier.version = e.version - 1
LEFT JOIN ${events} AS opening ON opening.correlation_id = e.correlation_id AND opening.version = 1
LEFT JOIN ${processes} AS p ON p.correlation_id = e.correlation_id`;
  return [
    arm('event_log', 'process_store', noTime),
    arm('event_log_archive', 'process_store_archive', 'e.archived_at'),
  ].join('\nUNION ALL\n');
}

/** Every process. */
export function processDurations(words: Words, version: ViewVersion): string {
  const { text, noTime } = words;
  const between = betweenIn(words, version);
  const error =
    version >= 9
      ? 'p.error_kind, p.error_code, p.error_step'
      : ['kind', 'code', 'step']
          .map((name) => `${text('p.error', `$.${name}`)} AS error_${name}`)
          .join(', ');
  const message = version >= 9 ? ', p.error AS error_message' : '';
  const arm = (table: string, restoredAt: string, archivedAt: string): string => `SELECT
  p.correlation_id, p.process_name, p.status, p.current_step, p.process_instance_id,
  p.started_at, p.updated_at, p.completed_at,
  ${between('p.started_at', 'p.completed_at')} AS duration_ms,
  p.version AS event_count,
  ${error},
  ${restoredAt} AS restored_at, ${archivedAt} AS archived_at${message}
FROM ${table} AS p`;
  return [
    arm('process_store', 'p.restored_at', noTime),
    arm('process_store_archive', noTime, 'p.archived_at'),
  ].join('\nUNION ALL\n');
}

/** From 8 on no duration is below zero, also of events that were written before times rose within a stream. */
function betweenIn({ between, duration }: Words, version: ViewVersion): Words['between'] {
  return version < 8 ? between : duration;
}
