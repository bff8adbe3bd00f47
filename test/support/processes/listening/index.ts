import { z } from 'zod';
import { defineProcess } from '../../../../domain/steps/define-process.ts';

/** Waits for the message `go-on`, then returns a variable of the message. */
export default defineProcess({
  key: 'listening',
  title: 'Waits for a message',
  input: z.strictObject({}),
  example: {},
  identifiers: () => ({}),
  settings: z.object({}),
  steps: (step) => [
    step({
      name: 'finish',
      number: 1,
      input: z.object({ word: z.string() }),
      output: z.object({ word: z.string() }),
      successText: 'Finished',
      errorText: 'Not finished',
      ends: 'ok',
      handle: ({ word }) => ({ word }),
    }),
  ],
});
