import { z } from 'zod';
import { defineProcess } from '../../../../domain/steps/define-process.ts';

/** A tariff that a worker elsewhere finds; its refusal is caught. */
export default defineProcess({
  key: 'tariff',
  title: 'Finds a tariff elsewhere',
  input: z.strictObject({
    weight: z.unknown(),
    secret: z.string().default('none'),
    about: z.string().default('not for the worker'),
  }),
  example: { weight: 2.5 },
  identifiers: () => ({}),
  settings: z.object({}),
  steps: (step) => [
    step({
      name: 'find-tariff',
      number: 1,
      input: z.object({ weight: z.number(), secret: z.string(), correlationId: z.string() }),
      output: z.object({ price: z.number(), valid: z.string().optional() }),
      successText: 'Tariff found',
      errorText: 'No tariff found',
      audit: { targetSystem: 'Tariffs' },
      retry: { attempts: 4, backoff: 40, maxBackoff: 1_000 },
      redact: ['secret'],
      elsewhere: true,
    }),
    step({
      name: 'conclude',
      number: 2,
      input: z.object({ price: z.number() }),
      output: z.object({ price: z.number() }),
      successText: 'Concluded',
      errorText: 'Not concluded',
      ends: 'ok',
      handle: ({ price }) => ({ price }),
    }),
    step({
      name: 'refuse',
      number: 3,
      input: z.object({ errorCode: z.string(), errorMessage: z.string() }),
      output: z.object({ code: z.string(), message: z.string() }),
      successText: 'Refused',
      errorText: 'Not refused',
      ends: 'error',
      handle: ({ errorCode, errorMessage }) => ({ code: errorCode, message: errorMessage }),
    }),
  ],
});
