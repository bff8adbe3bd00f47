import {
  type Context,
  context,
  createTraceState,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { ATTR_ERROR_TYPE } from '@opentelemetry/semantic-conventions';
import {
  formatTraceparent,
  parseTraceparent,
  traceContextHeaders,
} from '../../domain/common/index.ts';
import type { ProcessIdentity } from '../../domain/process/index.ts';

export { SpanKind };

/** The fields that carry a trace from one program to another. */
export type TraceFields = Pick<ProcessIdentity, 'traceparent' | 'tracestate'>;

interface InSpan extends SpanOptions {
  /** The span to continue; by default the active one. */
  parent?: TraceFields | undefined;
  /** False: no span without a parent, for instance none for a health check. */
  root?: boolean;
  /** What the span shows of an error; left out: the error as it is. */
  shown?: (error: unknown) => unknown;
}

export interface Tracing {
  /** False: no spans are created. */
  readonly enabled: boolean;
  /**
   * Runs `work` in a span that ends with it. If `work` throws or rejects, the span fails with that error.
   */
  inSpan<T>(name: string, options: InSpan, work: (span: Span | null) => Promise<T>): Promise<T>;
  /** Starts a span that the caller ends; null when tracing is off or `root` asks for a parent. */
  start(name: string, options: InSpan): Span | null;
}

/** Attributes that have no standard name. */
export const ATTRIBUTES = {
  correlationId: 'fastify_camunda.correlation_id',
  businessKey: 'fastify_camunda.business_key',
  process: 'fastify_camunda.process',
  step: 'fastify_camunda.step',
  attempt: 'fastify_camunda.attempt',
  outcome: 'fastify_camunda.outcome',
  retriesLeft: 'fastify_camunda.retries_left',
  events: 'fastify_camunda.events',
} as const;

/** Traces nothing, and costs nothing. */
export const NO_TRACING: Tracing = {
  enabled: false,
  inSpan: (_name, _options, work) => work(null),
  start: () => null,
};

/** Tracing with the tracer of an SDK. */
export function createTracing(tracer: Tracer): Tracing {
  function begin(
    name: string,
    { parent, root = true, shown: _, ...options }: InSpan,
  ): { from: Context; span: Span } | null {
    const from = parent ? contextOf(parent) : context.active();
    if (!root && trace.getSpanContext(from) === undefined) return null;
    return { from, span: tracer.startSpan(name, options, from) };
  }
  return {
    enabled: true,
    start: (name, options) => begin(name, options)?.span ?? null,
    async inSpan(name, options, work) {
      const begun = begin(name, options);
      if (!begun) return work(null);
      const { from, span } = begun;
      try {
        return await context.with(trace.setSpan(from, span), () => work(span));
      } catch (error) {
        failSpan(span, options.shown ? options.shown(error) : error);
        throw error;
      } finally {
        span.end();
      }
    },
  };
}

/** Marks a span as failed. Error messages may be in traces: by our own rule they contain no secrets. */
export function failSpan(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: unknown } | null)?.code;
  const type = typeof code === 'string' ? code : error instanceof Error ? error.name : 'error';
  span.setAttribute(ATTR_ERROR_TYPE, type);
  span.recordException(error instanceof Error ? error : message);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** The context to continue, from the fields of an event, a job or a request. */
function contextOf({ traceparent, tracestate }: TraceFields): Context {
  const parsed = parseTraceparent(traceparent);
  const root = trace.deleteSpan(context.active());
  if (!parsed) return root;
  return trace.setSpanContext(root, {
    traceId: parsed.traceId,
    spanId: parsed.spanId,
    traceFlags: parsed.flags,
    isRemote: true,
    ...(tracestate ? { traceState: createTraceState(tracestate) } : {}),
  });
}

/** The fields that let others continue a span; they are stored in events and sent as headers. */
export function traceFields({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceFields {
  const tracestate = traceState?.serialize();
  return {
    traceparent: formatTraceparent({ traceId, spanId, flags: traceFlags }),
    ...(tracestate ? { tracestate } : {}),
  };
}

/** Headers that let the called service continue the active span; empty without one. */
export function traceHeaders(): Record<string, string> {
  const active = trace.getSpanContext(context.active());
  return active ? traceContextHeaders(traceFields(active)) : {};
}
