import { completeUserTask, type ReportUserTaskPorts } from '../domain/engine/index.ts';
import type { EventJob } from './job.ts';

/** After the completion of a user task: the engine gets it, unless it has it already. */
export function completeUserTaskJob(ports: ReportUserTaskPorts): EventJob {
  return {
    name: 'complete-user-task',
    role: 'worker',
    handler: (job) => completeUserTask(job, ports),
  };
}
