import { z } from 'zod';
import { defineProcess } from '../../../../domain/steps/define-process.ts';

/**
 * A review, defined; where it is not accepted and has the route `archive`, a second user task, which is not defined.
 * Without that route the engine cannot continue.
 */
export default defineProcess({
  key: 'reviewed',
  title: 'Waits for a review',
  input: z.strictObject({ group: z.string().default('reviewers'), due: z.string() }),
  example: { due: '2026-01-31T12:00:00' },
  identifiers: () => ({}),
  personal: ['note'],
  settings: z.object({}),
  steps: (step, userTask) => [
    userTask({
      id: 'review',
      name: 'review-it',
      number: 1,
      output: z.strictObject({
        accepted: z.boolean(),
        note: z.string().default('nothing to add'),
        on: z.coerce.date().optional(),
        route: z.string().optional(),
      }),
      successText: 'Reviewed',
    }),
    step({
      name: 'finish',
      number: 2,
      input: z.object({
        accepted: z.boolean(),
        note: z.string(),
        on: z.date().optional(),
        shelf: z.number().optional(),
      }),
      output: z.looseObject({ accepted: z.boolean() }),
      successText: 'Finished',
      errorText: 'Not finished',
      ends: 'ok',
      handle: (input) => input,
    }),
  ],
});
