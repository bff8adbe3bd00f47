import { z } from 'zod';
import { engineError } from '../answers/engine-answers.ts';
import { text } from './fields.ts';

export const externalTaskParams = z.object({ id: text.describe('Id of the external task') });

const variableSchema = z.strictObject({
  value: z.unknown(),
  type: text.nullish().describe('As Camunda names it; left out: by the kind of JSON'),
  valueInfo: z.record(text, z.unknown()).nullish(),
  local: z.boolean().nullish(),
});
/** Variables that a worker sends. */
export const sentVariables = z.record(text, variableSchema).nullish();
/** What Camunda's clients send empty. */
export const noVariables = z.strictObject({}).nullish();

const taskFields = {
  id: text,
  topicName: text,
  activityId: text.nullable(),
  processInstanceId: text.nullable(),
  processDefinitionKey: text.nullable(),
  businessKey: text.nullish(),
  workerId: text.nullable().describe('The id that the worker has given itself'),
  lockExpirationTime: text.nullish(),
  retries: z.number().int().nullable(),
};
const example = {
  id: '0199f0a2-6d1c-7a52-8a55-4f5a6f0f2f51:000003',
  topicName: 'quote-parcel.find-tariff',
  activityId: 'find-tariff',
  activityInstanceId: '0199f0a2-6d1c-7a52-8a55-4f5a6f0f2f51:000003',
  executionId: '0199f0a2-6d1c-7a52-8a55-4f5a6f0f2f51:000003',
  processInstanceId: '0199f0a2-6d1c-7a52-8a55-4f5a6f0f2f51',
  processDefinitionId: 'quote-parcel:1:0199f0a2-6d0b-7d2e-a9a8-0b6ad5c2e1b7',
  processDefinitionKey: 'quote-parcel',
  processDefinitionVersionTag: null,
  businessKey: 'parcel-4711',
  workerId: 'tariffs-1',
  lockExpirationTime: '2026-01-31T12:01:00.000+0000',
  createTime: '2026-01-31T12:00:00.000+0000',
  retries: null,
  errorMessage: null,
  errorDetails: null,
  priority: 0,
  suspended: false,
  tenantId: null,
};

/** A task in Camunda's form. */
export const externalTaskSchema = z
  .looseObject(taskFields)
  .meta({ id: 'ExternalTask', examples: [example] });

const lockedExample = {
  ...example,
  variables: { weight: { type: 'Double', value: 2.5, valueInfo: {} } },
  extensionProperties: {},
};

const lockedTaskSchema = z
  .looseObject({
    ...taskFields,
    variables: z
      .record(text, z.looseObject({ type: text, value: z.unknown() }))
      .describe('Those of the input of the step that the worker asks for'),
  })
  .meta({
    id: 'LockedExternalTask',
    examples: [lockedExample],
  });

/** What a worker has fetched. */
export const lockedTasksSchema = z
  .array(lockedTaskSchema)
  .describe('The tasks, locked; empty when there is not any')
  .meta({ examples: [[lockedExample]] });

/** How the calls of a worker about one task are answered. */
export const workerResponses = {
  204: z.null().describe('Done; also when it was done before'),
  400: engineError('The request is not valid, or another worker has the task'),
  404: engineError('No open task of a step that is done elsewhere has this id'),
  502: engineError('The process engine refused the call'),
  503: engineError('The process engine or the database cannot be reached; send it again'),
};
