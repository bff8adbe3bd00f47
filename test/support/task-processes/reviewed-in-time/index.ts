import { z } from 'zod';
import { defineProcess } from '../../../../domain/steps/define-process.ts';

/** A review whose boundary timer takes the process another way. Its result names the way. */
export default defineProcess({
  key: 'reviewed-in-time',
  title: 'Waits for a review, and not for ever',
  input: z.object({}),
  example: {},
  identifiers: () => ({}),
  settings: z.object({}),
  steps: (step, userTask) => [
    userTask({
      id: 'review',
      number: 1,
      output: z.strictObject({ accepted: z.boolean() }),
      successText: 'Reviewed',
    }),
    step({
      name: 'finish',
      number: 2,
      input: z.object({ accepted: z.boolean() }),
      output: z.object({ way: z.literal('reviewed'), accepted: z.boolean() }),
      successText: 'Finished',
      errorText: 'Not finished',
      ends: 'ok',
      handle: ({ accepted }) => ({ way: 'reviewed' as const, accepted }),
    }),
    step({
      name: 'escalate',
      number: 3,
      input: z.object({ accepted: z.boolean().optional() }),
      output: z.object({ way: z.literal('escalated'), accepted: z.boolean().optional() }),
      successText: 'Escalated',
      errorText: 'Not escalated',
      ends: 'ok',
      handle: ({ accepted }) => ({ way: 'escalated' as const, accepted }),
    }),
  ],
});
