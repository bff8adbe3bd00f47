import { trace } from '@opentelemetry/api';
import {
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
} from '@opentelemetry/semantic-conventions';
import type { TaskService } from 'camunda-external-task-client-js';
import type { StoredEvent } from '../../domain/process/index.ts';
import type { StepHttp } from '../../domain/steps/index.ts';
import { secondsSince } from './metrics.ts';
import type { Observers } from './observed.ts';
import {
  ATTRIBUTES,
  definedOf,
  failSpan,
  SpanKind,
  type TraceFields,
  type Tracing,
  traceFields,
} from './tracing.ts';

/** The calls by which a worker reports to the engine. */
const REPORTS = ['complete', 'handleFailure', 'handleBpmnError', 'extendLock', 'unlock'] as const;

/** Measures and traces each call of the task service of Camunda's client. */
export function observedTaskService(
  service: TaskService,
  { metrics, tracing }: Observers,
): TaskService {
  const observed: Record<string, unknown> = {};
  for (const operation of REPORTS) {
    const call = service[operation].bind(service) as (...args: unknown[]) => Promise<void>;
    observed[operation] = async (...args: unknown[]): Promise<void> => {
      const began = performance.now();
      let outcome = 'error';
      try {
        await tracing.inSpan(
          `engine ${operation}`,
          { kind: SpanKind.CLIENT, root: false },
          async () => call(...args),
        );
        outcome = 'ok';
      } catch (error) {
        const { httpStatusCode } = error as { httpStatusCode?: unknown };
        if (typeof httpStatusCode === 'number' && httpStatusCode < 500) outcome = 'refused';
        throw error;
      } finally {
        metrics.engineCall.observe({ operation, outcome }, secondsSince(began));
      }
    };
  }
  // The worker uses only these methods.
  return observed as unknown as TaskService;
}

/**
 * Runs one task in a span that continues the trace of its process, whichever service instance started the process.
 *
 * @param work resolves to false when the task was not done
 */
export function inStepSpan(
  tracing: Tracing,
  task: {
    topic: string;
    processKey: string;
    step: string;
    taskId: string;
    correlationId: string;
  } & TraceFields,
  work: () => Promise<boolean>,
): Promise<boolean> {
  const { topic, processKey, step, taskId, correlationId, traceparent, tracestate } = task;
  return tracing.inSpan(
    topic,
    {
      kind: SpanKind.CONSUMER,
      parent: { traceparent, tracestate },
      attributes: {
        'messaging.operation.type': 'process',
        'messaging.destination.name': topic,
        'messaging.message.id': taskId,
        'messaging.message.conversation_id': correlationId,
        [ATTRIBUTES.correlationId]: correlationId,
        [ATTRIBUTES.businessKey]: correlationId,
        [ATTRIBUTES.process]: processKey,
        [ATTRIBUTES.step]: step,
      },
    },
    async (span) => {
      const done = await work();
      if (!done) span?.setAttribute(ATTRIBUTES.outcome, 'given-back');
      return done;
    },
  );
}

/**
 * Adds a journaled attempt to the active span.
 *
 * @param isPersonal true when the error message may contain personal data: then the span gets the code instead
 */
export function addStepToSpan(event: StoredEvent, isPersonal: boolean): void {
  const span = trace.getActiveSpan();
  if (!span) return;
  if (event.type === 'step-completed') {
    span.setAttributes({
      [ATTRIBUTES.attempt]: event.data.attempt,
      [ATTRIBUTES.outcome]: 'completed',
    });
  } else if (event.type === 'step-failed') {
    const { attempt, kind, code, message, retriesLeft } = event.data;
    span.setAttributes({
      [ATTRIBUTES.attempt]: attempt,
      [ATTRIBUTES.outcome]: kind,
      [ATTRIBUTES.retriesLeft]: retriesLeft,
    });
    // A business error is a regular outcome and does not fail the span.
    const text = isPersonal ? code : message;
    if (kind === 'technical') failSpan(span, Object.assign(new StepFailure(text), { code }));
  }
}

/** Carries a journaled failure to the span. The error happened elsewhere, so a stack would mislead. */
class StepFailure extends Error {
  override stack = '';
}

/** A step's HTTP client with a span for each call; the call's headers let the partner continue the trace. */
export function tracedHttp(http: StepHttp, tracing: Tracing): StepHttp {
  if (!tracing.enabled) return http;
  return (call) => {
    const { method = 'GET', url } = call;
    const { origin, pathname, hostname, port, protocol } = new URL(url);
    return tracing.inSpan(
      method,
      {
        kind: SpanKind.CLIENT,
        attributes: {
          [ATTR_HTTP_REQUEST_METHOD]: method,
          // Without user, password and query, which may contain secrets.
          [ATTR_URL_FULL]: `${origin}${pathname}`,
          [ATTR_SERVER_ADDRESS]: hostname,
          [ATTR_SERVER_PORT]: Number(port) || (protocol === 'https:' ? 443 : 80),
        },
      },
      async (span) => {
        const headers = span ? definedOf(traceFields(span.spanContext())) : {};
        try {
          const answer = await http({ ...call, headers: { ...headers, ...call.headers } });
          span?.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, answer.status);
          return answer;
        } catch (error) {
          const status = /^REMOTE_(\d{3})$/.exec(String((error as { code?: unknown }).code))?.[1];
          if (status) span?.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, Number(status));
          throw error;
        }
      },
    );
  };
}
