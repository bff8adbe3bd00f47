import { z } from 'zod';
import { defineProcess } from '../../../domain/steps/index.ts';
import { INPUT, PROCESS_KEY, work } from '../../support/four-steps.ts';

const texts = { successText: 'done', errorText: 'not done' };

/** Four trivial steps, so that the benchmarks measure the work around them. */
export default defineProcess({
  key: PROCESS_KEY,
  title: 'Four trivial steps',
  input: z.strictObject({ userId: z.string(), payload: z.string().max(1_000) }),
  example: INPUT,
  identifiers: ({ userId }) => ({ userId }),
  settings: z.object({}),
  steps: (step) => [
    step({
      ...texts,
      name: 'one',
      number: 1,
      input: z.object({ payload: z.string() }),
      output: z.object({ one: z.string() }),
      handle: ({ payload }) => ({ one: work(payload) }),
    }),
    step({
      ...texts,
      name: 'two',
      number: 2,
      input: z.object({ one: z.string() }),
      output: z.object({ two: z.string() }),
      handle: ({ one }) => ({ two: work(one) }),
    }),
    step({
      ...texts,
      name: 'three',
      number: 3,
      input: z.object({ two: z.string() }),
      output: z.object({ three: z.string() }),
      handle: ({ two }) => ({ three: work(two) }),
    }),
    step({
      ...texts,
      name: 'four',
      number: 4,
      input: z.object({ three: z.string() }),
      output: z.object({ four: z.string() }),
      ends: 'ok',
      handle: ({ three }) => ({ four: work(three) }),
    }),
  ],
});
