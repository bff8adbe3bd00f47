export {
  DEFAULT_RETRY,
  defineProcess,
  type HttpAnswer,
  type HttpCall,
  type ProcessDefinition,
  type RetryPolicy,
  type StepContext,
  type StepDefinition,
  type StepHttp,
  type StepLogger,
} from './define-process.ts';
export { nameOfUserTask, type UserTaskDefinition } from './define-user-task.ts';
export {
  createTasksElsewhere,
  type LockAnswer,
  type TasksElsewhere,
  type WaitingTopic,
} from './elsewhere.ts';
export type {
  ExternalTask,
  ExternalTasks,
  LockedTask,
  TaskFetch,
  WaitingTasks,
  WantedTasks,
} from './external-tasks.ts';
export { findStep, isExpression, keysOf, topicOf } from './find-step.ts';
export { findUserTaskDefinition } from './find-user-task.ts';
export type { FetchAnswer, TaskForWorker, WorkerFetch, WorkerTopic } from './hand-out.ts';
export { createHandleTask, type HandleTask } from './handle-task.ts';
export { isPersonalIdentifier } from './personal-identifier.ts';
export { readStartVariables, readVariables } from './start-variables.ts';
export type { ConfiguredStep, StepObserver, StepPorts } from './step-run.ts';
export type { Report, Task } from './task.ts';
export { type Topic, topicsOf } from './topics.ts';
export { MAX_WORKER_ID, ownWorkerId, type WorkerElsewhere } from './worker-name.ts';
export type { ResultAnswer, WorkerResult } from './worker-results.ts';
