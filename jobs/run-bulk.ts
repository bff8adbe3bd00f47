import { type RunBulkPorts, runBulk } from '../domain/bulk/index.ts';
import { every, type ScheduledJob } from './job.ts';

/** Milliseconds between two looks for bulk runs. */
const EVERY_MS = 1_000;

/** Continues the bulk runs that callers have asked for, on one service instance at a time. */
export function runBulkJob(ports: RunBulkPorts): ScheduledJob {
  return {
    name: 'run-bulk',
    role: 'worker',
    schedule: every(EVERY_MS),
    async handler(signal) {
      await runBulk(ports, signal);
      // Another service instance continues.
      signal.throwIfAborted();
    },
  };
}
