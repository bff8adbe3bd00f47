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
export { readStartVariables } from './start-variables.ts';
