import { z } from 'zod';
import { defineProcess } from '../../../../domain/steps/define-process.ts';

const user = z.object({ userId: z.string(), email: z.string() });

/** One step that takes no time, so the process ends as early as possible. */
export default defineProcess({
  key: 'instant',
  title: 'One step, at once',
  input: z.strictObject(user.shape),
  example: { userId: '42', email: 'ada@example.com' },
  identifiers: ({ userId }) => ({ userId }),
  settings: z.object({}),
  steps: (step) => [
    step({
      name: 'greet',
      number: 1,
      input: user,
      output: user,
      successText: 'Greeted',
      errorText: 'Not greeted',
      ends: 'ok',
      handle: (input) => input,
    }),
  ],
});
