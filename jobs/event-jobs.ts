import { isUserTaskCompleted } from '../domain/engine/index.ts';
import type { Job, JobName, OutboxRow } from '../domain/outbox/index.ts';
import type { EventType, StoredEvent } from '../domain/process/index.ts';

/** Which jobs an event causes; the one place that says so. The completion of a user task causes one more. */
export const EVENT_JOBS: Record<EventType, readonly JobName[]> = {
  'process-requested': ['start-instance', 'project-process'],
  'process-started': ['project-process'],
  'step-completed': ['project-process'],
  'step-failed': ['project-process'],
  'process-completed': ['project-process'],
  'process-failed': ['project-process'],
  'process-cancelled': ['project-process', 'cancel-instance'],
  'process-retried': ['project-process', 'retry-instance'],
  'message-delivered': ['project-process'],
};

/**
 * The outbox row that was committed with an event, taken by the relay of this process.
 *
 * @param isAwaited whether a caller waits for the process
 */
export function outboxRowOf(
  event: StoredEvent,
  isAwaited: (correlationId: string) => boolean,
): OutboxRow {
  return {
    ...(isAwaited(event.correlationId) ? { urgent: true } : {}),
    eventId: event.id,
    correlationId: event.correlationId,
    eventType: event.type,
    isUserTask: isUserTaskCompleted(event),
    attempts: 0,
    traceparent: event.identity.traceparent,
    createdAt: event.createdAt,
  };
}

/** The job that starts the instance of a request, as it comes again when the process is due. */
export function startJobOf(request: StoredEvent): Job {
  return {
    name: 'start-instance',
    correlationId: request.correlationId,
    eventId: request.id,
    redelivered: true,
    traceparent: request.identity.traceparent,
    createdAt: request.createdAt,
  };
}

/** The jobs of one outbox row. */
export function jobsOf(row: OutboxRow): Job[] {
  const names: readonly JobName[] = row.isUserTask
    ? [...EVENT_JOBS[row.eventType], 'complete-user-task']
    : EVENT_JOBS[row.eventType];
  return names.map((name) => ({
    name,
    correlationId: row.correlationId,
    eventId: row.eventId,
    redelivered: row.attempts > 0,
    traceparent: row.traceparent,
    createdAt: row.createdAt,
    ...(row.urgent && name === 'start-instance' ? { urgent: true } : {}),
  }));
}
