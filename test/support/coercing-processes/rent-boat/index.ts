import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { defineProcess } from '../../../../domain/steps/define-process.ts';

/** A schema that converts the sent values: to dates, bigints, Infinity, and a different default for each request. */
export default defineProcess({
  key: 'rent-boat',
  title: 'Rents a boat',
  input: z.strictObject({
    from: z.coerce.date(),
    ticket: z.string().default(() => randomUUID()),
    berth: z.coerce.bigint().optional(),
    ratio: z
      .string()
      .transform((text) => 1 / Number(text))
      .optional(),
    initial: z
      .string()
      .transform((text) => text.slice(0, 1))
      .optional(),
  }),
  settings: z.object({}),
  example: { from: '2026-12-01' } as never,
  identifiers: ({ berth }) => (berth === undefined ? {} : { berth: berth as never }),
  steps: (step) => [
    step({
      name: 'send-slip',
      number: 1,
      input: z.object({ from: z.coerce.date() }),
      output: z.object({ from: z.string() }),
      successText: 'Sent',
      errorText: 'Not sent',
      ends: 'ok',
      handle: ({ from }) => ({ from: from.toISOString() }),
    }),
  ],
});
