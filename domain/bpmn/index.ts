export { compile } from './compile/compile.ts';
export { type Moddle, ModelError, type Unresolved } from './compile/moddle.ts';
export { ExpressionError } from './expressions/expression.ts';
export type { Effect, UserTaskFields } from './machine/effects.ts';
export { type FailedJob, failJob } from './machine/failed-jobs.ts';
export type { Input, SignalByJob } from './machine/inputs.ts';
export { executionVariables, localVariables, visibleVariables } from './machine/look.ts';
export { type Placement, placeTokens } from './machine/place-tokens.ts';
export { type CalledBy, type Context, StepError } from './machine/run.ts';
export type { Node, NodeId, State, Wait } from './machine/state.ts';
export { type NewInstance, type Step, start, step } from './machine/step.ts';
export type {
  Element,
  ElementIndex,
  EventDefinition,
  Program,
  StartEvent,
} from './program/program.ts';
export {
  afterFailure,
  type FailingJob,
  initialRetries,
  JOB_RETRIES,
  type NextAttempt,
  readRetryCycle,
} from './program/retry-cycle.ts';
export { dueDate, nextRepeat } from './program/timers.ts';
export { JAVA_SERIALIZED } from './values/java-serialization.ts';
export { type GivenValue, readTyped, UnreadableValueError } from './values/typed-values.ts';
export { NULL, textValue, type Value, type Values } from './values/value.ts';
