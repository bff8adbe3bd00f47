import { z } from 'zod';
import { defineProcess } from '../../../../domain/steps/define-process.ts';

/**
 * Somebody decides about a person, whose data is in the name of the task and in its variables. If it is not approved,
 * a condition compares the comment with a number, and the engine says what it could not compare.
 */
export default defineProcess({
  key: 'decided',
  title: 'Decides about a person',
  input: z.strictObject({ email: z.string(), fullName: z.string() }),
  example: { email: 'ada@example.com', fullName: 'Ada' },
  identifiers: () => ({}),
  personal: ['email', 'fullName', 'comment', 'contact.email', 'message'],
  settings: z.object({}),
  steps: (step, userTask) => [
    userTask({
      id: 'decide',
      number: 1,
      output: z.strictObject({
        approved: z.boolean(),
        comment: z.string(),
        contact: z.object({ email: z.string(), since: z.number() }).optional(),
      }),
      successText: 'Decided',
    }),
    step({
      name: 'finish',
      number: 2,
      input: z.object({ comment: z.string(), contact: z.object({ email: z.string() }) }),
      output: z.object({ message: z.string() }),
      successText: 'Finished',
      errorText: 'Not finished',
      ends: 'ok',
      handle: ({ comment, contact }) => ({ message: `${comment} Write to ${contact.email}.` }),
    }),
  ],
});
