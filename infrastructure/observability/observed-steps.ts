import { trace } from '@opentelemetry/api';
import {
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
} from '@opentelemetry/semantic-conventions';
import { traceContextHeaders } from '../../domain/common/index.ts';
import type { StepHttp, StepObserver } from '../../domain/steps/index.ts';
import { type Observers, observedCall } from './observed.ts';
import { ATTRIBUTES, failSpan, SpanKind, type Tracing, traceFields } from './tracing.ts';

/** Measures and traces the polls and calls of a worker. */
export function createWorkerObserver(observers: Observers) {
  return {
    onPoll: (outcome: 'ok' | 'error'): void => observers.metrics.enginePolls.inc({ outcome }),
    makeCall: (operation: string, call: () => Promise<void>): Promise<void> =>
      observedCall(observers, operation, call, (error) => {
        const { code, httpStatusCode } = error as { code?: unknown; httpStatusCode?: unknown };
        if (code === 'ENGINE_REFUSED') return true;
        return typeof httpStatusCode === 'number' && httpStatusCode < 500;
      }),
  };
}

/** Runs each step in a span that continues the trace of its process, whichever service instance started the process. */
export function createStepObserver(tracing: Tracing): StepObserver {
  return {
    aroundStep({ task, definition, step, stream }, work) {
      const { correlationId, identity } = stream;
      const { traceparent, tracestate } = identity;
      return tracing.inSpan(
        task.topic,
        {
          kind: SpanKind.CONSUMER,
          parent: { traceparent, tracestate },
          attributes: {
            'messaging.operation.type': 'process',
            'messaging.destination.name': task.topic,
            'messaging.message.id': task.id,
            'messaging.message.conversation_id': correlationId,
            [ATTRIBUTES.correlationId]: correlationId,
            [ATTRIBUTES.businessKey]: correlationId,
            [ATTRIBUTES.process]: definition.key,
            [ATTRIBUTES.step]: step.name,
          },
        },
        async (span) => {
          const isDone = await work();
          if (!isDone) span?.setAttribute(ATTRIBUTES.outcome, 'given-back');
          return isDone;
        },
      );
    },
    onJournaled(event, { isPersonal }) {
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
        // The message may contain personal data: then the span gets the code instead.
        const text = isPersonal ? code : message;
        // A business error is a regular outcome and does not fail the span.
        if (kind === 'technical') failSpan(span, Object.assign(new StepFailure(text), { code }));
      }
    },
  };
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
        const headers = span ? traceContextHeaders(traceFields(span.spanContext())) : {};
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
