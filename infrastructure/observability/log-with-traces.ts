import type { TraceIds } from './trace-ids.ts';

/** The logger that the parts of the service get. */
export interface PartLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Adds the trace id to log lines that have only a correlation id. */
export function logWithTraces(log: PartLog, traceIds: TraceIds): PartLog {
  const withTrace = (fields: object): object => {
    const { correlationId, traceId } = fields as { correlationId?: unknown; traceId?: unknown };
    if (typeof correlationId !== 'string' || traceId !== undefined) return fields;
    return { ...fields, ...traceIds.of(correlationId) };
  };
  return {
    debug: (fields, message) => log.debug(withTrace(fields), message),
    info: (fields, message) => log.info(withTrace(fields), message),
    warn: (fields, message) => log.warn(withTrace(fields), message),
    error: (fields, message) => log.error(withTrace(fields), message),
  };
}
