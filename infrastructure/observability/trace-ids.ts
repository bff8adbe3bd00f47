import { LRUCache } from 'lru-cache';
import { type LogIds, logIds } from '../../domain/common/index.ts';
import type { ProcessIdentity } from '../../domain/process/index.ts';

/** Processes whose trace is remembered: those that something is being said about now. */
const MAX = 20_000;

export interface TraceIds {
  remember(correlationId: string, identity: Pick<ProcessIdentity, 'traceparent'>): void;
  /** What a log line says of a process; without the trace id when it is not known here. */
  of(correlationId: string): LogIds;
}

/** The traces of processes this instance had to do with, for places that know the correlation id only. */
export function createTraceIds(): TraceIds {
  const known = new LRUCache<string, string>({ max: MAX });
  return {
    remember(correlationId, { traceparent }) {
      if (traceparent) known.set(correlationId, traceparent);
    },
    of: (correlationId) => logIds(correlationId, known.get(correlationId)),
  };
}
