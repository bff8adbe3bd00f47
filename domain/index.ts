/*
 * What a process is written with: `import { … } from 'fastify-camunda'`.
 */
export { z } from 'zod';
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
} from './define-process.ts';
export { BusinessRuleError } from './errors.ts';
export type { Json, JsonObject } from './json.ts';
