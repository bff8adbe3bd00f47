export {
  DEFAULT_RETRY,
  DEFAULT_STEP_TIMEOUT,
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
export type { ConfiguredStep, OpenStepHttp, StepObserver, StepPorts } from './step-run.ts';
export type { Report, Task } from './task.ts';
export { type Topic, topicsOf } from './topics.ts';
