import type { Difference } from '../../domain/projection/index.ts';

/** A row of the outbox that is late or without an event. */
export interface LateOutboxRow {
  event_id: number | string;
  correlation_id: string;
  event_type: string;
  created_at: string;
  attempts: number;
  /** Null without an event. */
  version: number | null;
}

export function outboxDifference(row: LateOutboxRow): Difference {
  const eventId = String(row.event_id);
  const common = { correlationId: row.correlation_id, version: row.version, eventId };
  return row.version === null
    ? {
        ...common,
        kind: 'outbox-without-event',
        message: `the outbox holds a ${row.event_type} that is not among the events of this process`,
      }
    : {
        ...common,
        kind: 'outbox-overdue',
        message: `the ${row.event_type} waits to be published since ${row.created_at}, taken ${row.attempts} times`,
      };
}

/**
 * Selects late rows, with the version of their event in whichever table it is, after `@after` and for
 * `@process_name`, unless that is NULL.
 *
 * @param createdBefore the time before which a row is late, as an expression
 */
export const lateOutboxRows = (createdBefore: string): string => `
  o.event_id, o.correlation_id, o.event_type, o.created_at, o.attempts,
  COALESCE(e.version, a.version) AS version
  FROM outbox AS o
  LEFT JOIN event_log AS e ON e.id = o.event_id AND e.correlation_id = o.correlation_id
  LEFT JOIN event_log_archive AS a ON a.id = o.event_id AND a.correlation_id = o.correlation_id
  WHERE o.event_id > @after
    AND (o.created_at < ${createdBefore} OR (e.id IS NULL AND a.id IS NULL))
    AND (@process_name IS NULL OR COALESCE(e.process_name, a.process_name) = @process_name OR (e.id IS NULL AND a.id IS NULL))
  ORDER BY o.event_id`;
