/*
 * What a process is written with: `import { … } from 'fastify-camunda'`.
 */
export { z } from 'zod';
export type { Json, JsonObject } from './common/index.ts';
export { BusinessRuleError } from './common/index.ts';
export {
  defineProcess,
  type HttpAnswer,
  type HttpCall,
  type ProcessDefinition,
  type RetryPolicy,
  type StepContext,
  type StepDefinition,
  type StepHttp,
  type StepLogger,
  type UserTaskDefinition,
} from './steps/index.ts';
