import { type RetryInstancePorts, retryInstance } from '../domain/engine/index.ts';
import type { EventJob } from './job.ts';

/** After a retry: resumes the instance of the process, or starts a new one. */
export function retryInstanceJob(ports: RetryInstancePorts): EventJob {
  return { name: 'retry-instance', role: 'worker', handler: (job) => retryInstance(job, ports) };
}
