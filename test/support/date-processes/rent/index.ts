import { z } from 'zod';
import { defineProcess } from '../../../../domain/steps/define-process.ts';

const day = z.codec(z.iso.datetime(), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
});

/** A start and a step produce dates in every way that zod has; the second step returns what it receives of them. */
export default defineProcess({
  key: 'rent',
  title: 'Rents a bicycle from a day on',
  input: z.object({
    from: z.coerce.date(),
    by: day,
    sent: z.string().transform((text) => new Date(text)),
    due: z.iso.datetime().pipe(z.coerce.date()).optional(),
    note: z.string(),
    trip: z.object({ days: z.array(z.coerce.date()) }),
  }),
  example: {
    from: '2026-12-01T09:00:00Z',
    by: '2026-12-01T09:00:00Z',
    sent: '2026-12-01T09:00:00Z',
    note: '2026-12-01T09:00:00.000Z',
    trip: { days: ['2026-12-01T09:00:00Z'] },
  },
  identifiers: ({ from }) => ({ year: from.getUTCFullYear() }),
  settings: z.object({}),
  steps: (step) => [
    step({
      name: 'plan',
      number: 1,
      input: z.object({
        from: z.date(),
        by: z.date(),
        sent: z.union([z.number(), z.date()]),
        due: z.date().optional(),
        note: z.string(),
        trip: z.object({ days: z.array(z.coerce.date()) }),
      }),
      output: z.object({
        until: z.date(),
        either: z.union([z.date(), z.string()]),
        coded: day,
        late: z.date().nullable(),
        soon: z.date().nullable().optional().default(null),
        piped: z.string().pipe(z.coerce.date()),
        made: z.string().transform((text) => new Date(text)),
        any: z.any(),
        note: z.string(),
        plan: z.object({ day: z.date() }),
      }),
      successText: 'Planned',
      errorText: 'Not planned',
      handle({ from, by, note, trip }) {
        const until = new Date(from.getTime() + 86_400_000);
        const text = until.toISOString();
        const day = trip.days[0] ?? by;
        const made = { coded: text, piped: text, made: text };
        return { ...made, until, either: until, late: null, any: until, note, plan: { day } };
      },
    }),
    step({
      name: 'slip',
      number: 2,
      input: z.object({
        until: z.date(),
        either: z.union([z.string(), z.date()]),
        coded: day,
        late: z.date().nullable(),
        soon: z.date().nullable(),
        piped: z.iso.datetime(),
        made: z.date(),
        any: z.any(),
        note: z.string(),
        plan: z.object({ day: z.coerce.date() }),
        from: z.string(),
      }),
      output: z.object({ kinds: z.record(z.string(), z.string()), until: z.date() }),
      successText: 'Sent',
      errorText: 'Not sent',
      ends: 'ok',
      handle: (given) => ({
        until: given.until,
        kinds: Object.fromEntries(
          Object.entries({ ...given, day: given.plan.day }).map(([name, value]) => [
            name,
            value instanceof Date ? `Date ${value.toISOString()}` : JSON.stringify(value),
          ]),
        ),
      }),
    }),
  ],
});
