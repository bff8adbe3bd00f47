import { type Span, SpanStatusCode } from '@opentelemetry/api';
import { type Log, logIds } from '../../domain/common/index.ts';
import { isFinal, type StoredEvent } from '../../domain/process/index.ts';
import type { Metrics } from './metrics.ts';
import type { JobLog } from './observed.ts';
import type { TraceIds } from './trace-ids.ts';
import { ATTRIBUTES, type Tracing } from './tracing.ts';

interface EventObserverPorts {
  metrics: Metrics;
  tracing: Tracing;
  traceIds: TraceIds;
  log: JobLog & Pick<Log, 'warn'>;
  /** Whether error messages of this process may contain personal data, which must not be in a trace. */
  isPersonal(processName: string): boolean;
  /** When a process was started, if the process map has it. */
  startedAt(correlationId: string): string | undefined;
  /** The same, read from the event log. */
  readStart(correlationId: string): Promise<string | undefined>;
}

/**
 * Counts, logs and traces committed events. Starts, steps and ends are all events, so the service instance that
 * wrote them sees each of them here once.
 *
 * @returns a function to call with the events of an append after its commit
 */
export function createEventObserver(
  ports: EventObserverPorts,
): (events: readonly StoredEvent[]) => void {
  const { metrics, tracing, traceIds, log } = ports;

  function observe(event: StoredEvent): void {
    traceIds.remember(event.correlationId, event.identity);
    const process = event.processName;
    if (event.type === 'process-requested') {
      metrics.starts.inc({ process, outcome: 'accepted' });
    } else if (event.type === 'step-completed' || event.type === 'step-failed') {
      const step = event.step.name;
      const outcome = event.type === 'step-completed' ? 'completed' : event.data.kind;
      metrics.steps.inc({ process, step, outcome });
      const { executionTime } = event.audit;
      if (executionTime !== undefined) {
        metrics.stepDuration.observe({ process, step }, executionTime / 1_000);
      }
    } else if (isFinal(event.type)) {
      end(event);
    }
    if (log.isLevelEnabled?.('debug')) logEvent(event);
  }

  function end(event: StoredEvent): void {
    const outcome = outcomeOf(event);
    metrics.ended.inc({ process: event.processName, outcome });
    const known = ports.startedAt(event.correlationId);
    if (known !== undefined) {
      measureProcess(event, outcome, known);
      return;
    }
    ports.readStart(event.correlationId).then(
      (startedAt) => {
        if (startedAt !== undefined) measureProcess(event, outcome, startedAt);
      },
      // The end is counted already; only the duration is missing.
      (error: unknown) =>
        log.debug(
          { err: error, ...logIds(event.correlationId, event.identity.traceparent) },
          'could not read when an ended process was started',
        ),
    );
  }

  /** Observes the duration, and creates a span as long as the process. */
  function measureProcess(event: StoredEvent, outcome: string, startedAt: string): void {
    const [from, to] = [Date.parse(startedAt), Date.parse(event.createdAt)];
    metrics.processDuration.observe(
      { process: event.processName, outcome },
      Math.max(0, to - from) / 1_000,
    );
    const span = tracing.start(`process ${event.processName}`, {
      parent: event.identity,
      startTime: from,
      attributes: {
        [ATTRIBUTES.correlationId]: event.correlationId,
        [ATTRIBUTES.businessKey]: event.correlationId,
        [ATTRIBUTES.process]: event.processName,
        [ATTRIBUTES.outcome]: outcome,
      },
    });
    if (!span) return;
    if (event.type === 'process-failed' && outcome === 'technical') {
      const { code, message } = event.data;
      fail(span, ports.isPersonal(event.processName) ? code : message);
    }
    span.end(Math.max(from, to));
  }

  function logEvent(event: StoredEvent): void {
    const { type, version, processName: process } = event;
    const ids = logIds(event.correlationId, event.identity.traceparent);
    const step = 'step' in event ? { step: event.step.name } : {};
    log.debug({ ...ids, process, ...step, event: type, version }, 'event committed');
  }

  return (events) => {
    for (const event of events) {
      try {
        observe(event);
      } catch (error) {
        // The events are committed: a failure to count them must not look like a failed append.
        const ids = logIds(event.correlationId, event.identity.traceparent);
        log.warn({ ...ids, err: error }, 'could not count or trace a committed event');
      }
    }
  };
}

function fail(span: Span, message: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

function outcomeOf(event: StoredEvent): string {
  if (event.type === 'process-completed') return 'ok';
  return event.type === 'process-failed' ? event.data.kind : 'cancelled';
}
