import type { Log } from '../../domain/common/index.ts';
import type { TraceIds } from './trace-ids.ts';

/** Adds the trace id to log lines that have only a correlation id. */
export function logWithTraces(log: Log, traceIds: TraceIds): Log {
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
