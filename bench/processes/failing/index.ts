import { z } from 'zod';
import { defineProcess } from '../../../domain/steps/index.ts';
import { FAILING_KEY, INPUT } from '../../support/four-steps.ts';

/** Fails at its first and only attempt. */
export default defineProcess({
  key: FAILING_KEY,
  title: 'Fails',
  input: z.strictObject({ userId: z.string(), payload: z.string().max(1_000) }),
  example: INPUT,
  identifiers: ({ userId }) => ({ userId }),
  settings: z.object({}),
  steps: (step) => [
    step({
      name: 'fail',
      number: 1,
      input: z.object({ payload: z.string() }),
      output: z.object({}),
      successText: 'done',
      errorText: 'not done',
      retry: { attempts: 1 },
      ends: 'ok',
      handle: () => {
        throw new Error('it always fails');
      },
    }),
  ],
});
