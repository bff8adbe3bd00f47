import { z } from 'zod';
import { defineProcess } from '../../../domain/steps/index.ts';
import { INPUT, WAITING_KEY, work } from '../../support/four-steps.ts';

/** Waits for a message or a month, then has one trivial step. */
export default defineProcess({
  key: WAITING_KEY,
  title: 'Waits for a message or a month',
  input: z.strictObject({ userId: z.string(), payload: z.string().max(1_000) }),
  example: INPUT,
  identifiers: ({ userId }) => ({ userId }),
  settings: z.object({}),
  steps: (step) => [
    step({
      name: 'finish',
      number: 1,
      input: z.object({ payload: z.string() }),
      output: z.object({ finished: z.string() }),
      successText: 'done',
      errorText: 'not done',
      ends: 'ok',
      handle: ({ payload }) => ({ finished: work(payload) }),
    }),
  ],
});
