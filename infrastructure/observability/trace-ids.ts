import { LRUCache } from 'lru-cache';
import { type LogIds, logIds } from '../../domain/common/index.ts';
import type { ProcessIdentity } from '../../domain/process/index.ts';

/** Processes whose trace id is remembered; log lines are mostly about recent processes. */
const MAX_TRACES = 20_000;

export interface TraceIds {
  remember(correlationId: string, identity: Pick<ProcessIdentity, 'traceparent'>): void;
  /** The ids for a log line about a process; without the trace id when this instance does not know it. */
  of(correlationId: string): LogIds;
}

/** Remembers the trace ids of the processes that this service instance handled, for callers that know only the correlation id. */
export function createTraceIds(): TraceIds {
  const known = new LRUCache<string, string>({ max: MAX_TRACES });
  return {
    remember(correlationId, { traceparent }) {
      if (traceparent) known.set(correlationId, traceparent);
    },
    of: (correlationId) => logIds(correlationId, known.get(correlationId)),
  };
}
