/*
 * W3C trace context (https://www.w3.org/TR/trace-context/) as far as events, jobs and log lines need it.
 */

interface TraceContext {
  /** 32 hex digits, the same for everything that one call causes. */
  traceId: string;
  /** 16 hex digits. */
  spanId: string;
  /** 8 bits; the lowest is the sampled flag. */
  flags: number;
}

/** Excludes the values that the recommendation calls invalid; later versions may append fields. */
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Parses a `traceparent`; null when it is invalid, and then `tracestate` must be ignored as well. */
export function parseTraceparent(text: string | undefined): TraceContext | null {
  const found = text === undefined ? null : TRACEPARENT.exec(text);
  if (!found) return null;
  const [, version, traceId = '', spanId = '', flags = '', rest] = found;
  if (version === '00' && rest !== undefined) return null;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** Writes a `traceparent` of version 00, which readers of later versions accept too. */
export function formatTraceparent({ traceId, spanId, flags }: TraceContext): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
}

/** The ids that every log line about a process has; `traceId` is missing only where it is not known. */
export interface LogIds {
  correlationId: string;
  traceId?: string;
}

/** Builds the ids for log lines. */
export function logIds(correlationId: string, traceparent: string | undefined): LogIds {
  const traceId = parseTraceparent(traceparent)?.traceId;
  return traceId === undefined ? { correlationId } : { correlationId, traceId };
}

/** The headers that let another service continue a trace; none where there is no trace. */
export function traceContextHeaders(fields: {
  traceparent?: string | undefined;
  tracestate?: string | undefined;
}): Record<string, string> {
  const { traceparent, tracestate } = fields;
  return { ...(traceparent ? { traceparent } : {}), ...(tracestate ? { tracestate } : {}) };
}
