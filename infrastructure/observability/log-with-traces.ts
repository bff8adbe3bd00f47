import type { TraceIds } from './trace-ids.ts';

/** What the parts of the service log through. */
export interface PartLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A logger that adds the trace id to lines of which the writer knew the correlation id only. */
export function logWithTraces(log: PartLog, traceIds: TraceIds): PartLog {
  const whole = (fields: object): object => {
    const { correlationId, traceId } = fields as { correlationId?: unknown; traceId?: unknown };
    if (typeof correlationId !== 'string' || traceId !== undefined) return fields;
    return { ...fields, ...traceIds.of(correlationId) };
  };
  return {
    debug: (fields, message) => log.debug(whole(fields), message),
    info: (fields, message) => log.info(whole(fields), message),
    warn: (fields, message) => log.warn(whole(fields), message),
    error: (fields, message) => log.error(whole(fields), message),
  };
}
