import type { DeploymentService } from './api/deployments.ts';
import type { EventService } from './api/events.ts';
import type { ExternalTaskService } from './api/external-tasks.ts';
import type { HistoryService } from './api/history.ts';
import type { InstanceService } from './api/instances.ts';
import type { JobService } from './api/jobs.ts';
import type { UserTaskService } from './api/user-tasks.ts';

export type * from './api/deployments.ts';
export type * from './api/events.ts';
export type * from './api/external-tasks.ts';
export type * from './api/history.ts';
export type * from './api/instances.ts';
export type * from './api/jobs.ts';
export type * from './api/page.ts';
export type * from './api/user-tasks.ts';

/*
 * What the embedded engine can be asked to do, in Camunda's words. The HTTP facade and the service's own port call it;
 * times are milliseconds since the epoch. All calls may throw BadRequest (typed-value.ts), which has the status and the
 * type of Camunda's answer.
 *
 * Public ids: a process instance has an id of its own, which is the id of its execution as well. Every other execution,
 * activity instance, external task or user task is `<root process instance id>:<node>`; an external or user task, its
 * execution and its activity instance have the same id. A job is `<root process instance id>:job-<number>`, or
 * `<definition id>:job-<number>` for the timer that starts instances.
 */

/** What the embedded engine says it is: the REST API it follows. */
export const ENGINE_VERSION = '7.24.0-embedded';

export interface EmbeddedEngine {
  readonly deployments: DeploymentService;
  readonly instances: InstanceService;
  readonly externalTasks: ExternalTaskService;
  readonly userTasks: UserTaskService;
  readonly events: EventService;
  readonly jobs: JobService;
  readonly history: HistoryService;
  /** Instances whose state cannot be read, as far as anybody has asked for them: they stand still. */
  unreadable(): UnreadableInstance[];
  /** Ends timers, and answers long polls with nothing. Resolves when nothing is written any more. */
  close(): Promise<void>;
}

export interface UnreadableInstance {
  readonly rootProcessInstanceId: string;
  readonly reason: string;
}
