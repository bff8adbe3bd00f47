import { randomUUID } from 'node:crypto';
import { context, createTraceState, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_URL_PATH,
} from '@opentelemetry/semantic-conventions';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { formatTraceparent, type LogIds, parseTraceparent } from '../../../domain/common/index.ts';
import type { Metrics } from '../../../infrastructure/observability/metrics.ts';
import {
  SpanKind,
  type TraceFields,
  type Tracing,
  traceFields,
} from '../../../infrastructure/observability/tracing.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The span of the request, when it is traced. */
    span: Span | null;
    /** The ids for its log lines, once the route knows the process. */
    logIds: LogIds | null;
  }
}

/** Called every few seconds by machines; a trace of each call is of no use. */
const UNTRACED = /^\/(health\/|metrics)/;

/** Measures and traces every request. */
export function observeRequests(
  app: FastifyInstance,
  { metrics, tracing }: { metrics?: Metrics | undefined; tracing?: Tracing | undefined },
): void {
  app.decorateRequest('span', null);
  app.decorateRequest('logIds', null);
  if (metrics) {
    app.addHook('onResponse', (request, reply, done) => {
      const { method } = request;
      // The pattern, not the path: paths contain ids.
      const route = request.routeOptions.url ?? 'none';
      const labels = { method, route, status: String(reply.statusCode) };
      metrics.httpRequest.observe(labels, reply.elapsedTime / 1_000);
      done();
    });
  }
  if (tracing?.enabled) traceRequests(app, tracing);
}

function traceRequests(app: FastifyInstance, tracing: Tracing): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const route = request.routeOptions.url;
    if (route !== undefined && !UNTRACED.test(route)) {
      request.span = tracing.start(`${request.method} ${route}`, {
        kind: SpanKind.SERVER,
        parent: sentFields(request) ?? {},
        attributes: {
          [ATTR_HTTP_REQUEST_METHOD]: request.method,
          [ATTR_HTTP_ROUTE]: route,
          [ATTR_URL_PATH]: request.url.split('?')[0] ?? '',
        },
      });
    }
    done();
  });
  // Not earlier: code that reads the body runs in the context of the socket.
  app.addHook('preHandler', (request, _reply, done) => {
    if (request.span) context.with(trace.setSpan(context.active(), request.span), done);
    else done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { span } = request;
    if (span) {
      span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, reply.statusCode);
      // By the conventions for HTTP, an error of the caller is not an error of the server's span.
      if (reply.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    }
    done();
  });
}

/**
 * The trace of everything that a request causes: its own span, else the caller's trace, else a new one, so that
 * every process has a trace id. The new one is marked as not recorded.
 */
export function traceOf(request: FastifyRequest): TraceFields & { traceparent: string } {
  const fields = request.span ? traceFields(request.span.spanContext()) : sentFields(request);
  const traceparent =
    fields?.traceparent ??
    formatTraceparent({ traceId: randomHex(32), spanId: randomHex(16), flags: 0 });
  return { ...fields, traceparent };
}

/** The trace that the caller sent; null when it is not valid. */
function sentFields(request: FastifyRequest): TraceFields | null {
  const { traceparent, tracestate } = request.raw.headers;
  const parsed = typeof traceparent === 'string' ? parseTraceparent(traceparent) : null;
  if (!parsed) return null;
  const state = typeof tracestate === 'string' ? createTraceState(tracestate).serialize() : '';
  return { traceparent: formatTraceparent(parsed), ...(state ? { tracestate: state } : {}) };
}

function randomHex(digits: 16 | 32): string {
  return randomUUID().replaceAll('-', '').slice(-digits);
}
