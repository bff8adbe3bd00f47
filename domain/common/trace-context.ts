/*
 * W3C trace context (https://www.w3.org/TR/trace-context/) as far as events, jobs and log lines need it;
 * spans are not known here.
 */

export interface TraceContext {
  /** 32 hex digits, the same for all that one call causes. */
  traceId: string;
  /** 16 hex digits. */
  spanId: string;
  /** 8 bits; the lowest says whether the caller may have recorded. */
  flags: number;
}

/** Without the values that the recommendation calls invalid; later versions may append fields. */
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Reads a `traceparent`; null when it is none, after which the caller's `tracestate` does not count either. */
export function parseTraceparent(text: string | undefined): TraceContext | null {
  const found = text === undefined ? null : TRACEPARENT.exec(text);
  if (!found) return null;
  const [, version, traceId = '', spanId = '', flags = '', rest] = found;
  if (version === '00' && rest !== undefined) return null;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** As the header of version 00, which every reader of a later version takes as well. */
export function formatTraceparent({ traceId, spanId, flags }: TraceContext): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
}

/** What every log line about a process carries; `traceId` is missing only where nobody knows it. */
export interface LogIds {
  correlationId: string;
  traceId?: string;
}

/** The ids for log lines, by the names they have everywhere. */
export function logIds(correlationId: string, traceparent: string | undefined): LogIds {
  const traceId = parseTraceparent(traceparent)?.traceId;
  return traceId === undefined ? { correlationId } : { correlationId, traceId };
}
