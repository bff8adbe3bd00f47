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
import { formatTraceparent, parseTraceparent } from '../../domain/common/index.ts';
import type { ProcessIdentity } from '../../domain/process/index.ts';

export { SpanKind };

/** The fields that carry a trace from one process to another. */
export type TraceFields = Pick<ProcessIdentity, 'traceparent' | 'tracestate'>;

export interface InSpan extends SpanOptions {
  /** What the span continues; left out: the span that is active. */
  parent?: TraceFields | undefined;
  /** False: without a parent there is nothing to tell, for instance a health check. */
  root?: boolean;
}

export interface Tracing {
  /** False: nobody hears of spans, and none are made. */
  readonly enabled: boolean;
  /**
   * Runs `work` in a span of its own that ends with it; what it throws, or rejects with, is the span's
   * error.
   */
  inSpan<T>(name: string, options: InSpan, work: (span: Span | null) => Promise<T>): Promise<T>;
  /** A span that the caller ends; null when nobody would hear of it. */
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
    { parent, root = true, ...options }: InSpan,
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
        failSpan(span, error);
        throw error;
      } finally {
        span.end();
      }
    },
  };
}

/** Marks a span as failed. Messages of errors may be told: they hold no secrets, by their own rule. */
export function failSpan(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: unknown } | null)?.code;
  const type = typeof code === 'string' ? code : error instanceof Error ? error.name : 'error';
  span.setAttribute(ATTR_ERROR_TYPE, type);
  span.recordException(error instanceof Error ? error : message);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** The context that a process, or a caller, goes on under. */
export function contextOf({ traceparent, tracestate }: TraceFields): Context {
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

/** What carries a span on, to be kept in an event or sent as headers. */
export function traceFields({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceFields {
  const tracestate = traceState?.serialize();
  return {
    traceparent: formatTraceparent({ traceId, spanId, flags: traceFlags }),
    ...(tracestate ? { tracestate } : {}),
  };
}

/** Headers that let the called continue the active span; none when there is none. */
export function traceHeaders(): Record<string, string> {
  const active = trace.getSpanContext(context.active());
  return active ? definedOf(traceFields(active)) : {};
}

/** The fields that are there, as headers. */
export function definedOf({ traceparent, tracestate }: TraceFields): Record<string, string> {
  return { ...(traceparent ? { traceparent } : {}), ...(tracestate ? { tracestate } : {}) };
}
