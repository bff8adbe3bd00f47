import { z } from 'zod';
import { columnText, integer, text } from './fields.ts';

/** Process keys are any XML name. */
export const keyParams = z.object({ key: columnText });

const DEFINITION = {
  key: 'onboard-user',
  title: 'Onboard a user',
  name: 'Onboard a user',
  latestVersion: 2,
  running: 12,
  versions: [
    { version: 2, versionTag: null, running: 11 },
    { version: 1, versionTag: null, running: 1 },
  ],
  steps: [
    {
      name: 'run-background-check',
      number: 2,
      kind: 'external-task' as const,
      topic: 'onboard-user.run-background-check',
    },
  ],
};

const definitionFields = z.object({
  key: text,
  title: text.describe('As the process is called in its code'),
  name: text.nullable().describe('As the newest model calls it'),
  latestVersion: integer.nullable().describe('Null: not deployed to the engine yet'),
  running: integer.describe('Instances that run, on all versions; called ones included'),
  versions: z
    .array(z.object({ version: integer, versionTag: text.nullable(), running: integer }))
    .describe('The newest first'),
  steps: z.array(
    z.object({
      name: text,
      number: integer,
      kind: z.enum(['external-task', 'user-task']),
      topic: text.nullable().describe('Of an external task'),
      elsewhere: z
        .literal(true)
        .optional()
        .describe('A worker in whatever language does its tasks, over /engine-rest/external-task'),
    }),
  ),
});

export const definitionsSchema = z
  .object({ definitions: z.array(definitionFields) })
  .meta({ examples: [{ definitions: [DEFINITION] }] });

const VARIABLES = {
  type: 'object',
  properties: { userId: { type: 'string' }, email: { type: 'string' } },
  required: ['userId', 'email'],
};

export const definitionSchema = definitionFields
  .extend({
    variables: z.record(text, z.any()).describe('JSON schema of the variables of a start'),
    example: z.record(text, z.any()).describe('Variables of a start that works'),
  })
  .meta({
    id: 'Definition',
    examples: [
      {
        ...DEFINITION,
        variables: VARIABLES,
        example: { userId: '42', email: 'ada@example.com' },
      },
    ],
  });
