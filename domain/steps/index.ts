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
export { findStep, isExpression, keysOf, topicOf } from './find-step.ts';
export { createHandleTask, type HandleTask } from './handle-task.ts';
export { readStartVariables } from './start-variables.ts';
export type { ConfiguredStep, StepObserver, StepPorts } from './step-run.ts';
export type { Report, Task } from './task.ts';
export { type Topic, topicsOf } from './topics.ts';
