import { z } from 'zod';

/** The query of a route; an unknown parameter is refused with the names of all parameters. */
export function queryOf<Shape extends z.ZodRawShape>(shape: Shape) {
  const names = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `unknown parameter ${issue.keys.join(', ')}; the parameters are ${names}`
        : undefined,
  });
}

/** A whole number from `min` to `max`; `byDefault` when the parameter is missing. */
export function wholeNumber(min: number, max?: number, byDefault?: number) {
  const error = `must be a whole number from ${min} ${max === undefined ? 'on' : `to ${max}`}`;
  const from = z.number({ error }).int(error).min(min, error);
  const number = max === undefined ? from : from.max(max, error);
  return z.preprocess(
    // Number accepts more: "", "0x10", "1e2".
    (text) => (typeof text === 'string' && /^-?\d{1,16}$/.test(text) ? Number(text) : text),
    byDefault === undefined ? number : number.default(byDefault),
  );
}

/** RFC 3339 allows lower-case letters, and Python's strftime writes offsets as +0000. */
export function usualTime(text: unknown): unknown {
  if (typeof text !== 'string') return text;
  return text.toUpperCase().replace(/([+-]\d\d)(\d\d)$/, '$1:$2');
}

/** A time with its zone, converted to ISO 8601 in UTC with milliseconds, in years that both databases support. */
export const timeParameter = z
  .preprocess(
    usualTime,
    z.iso.datetime({
      offset: true,
      error:
        'must be an ISO 8601 time with a time zone, like 2026-01-31T12:00:00Z (escape the + of an offset as %2B)',
    }),
  )
  .transform((text) => new Date(text).toISOString())
  .refine((text) => /^[1-9]\d{3}-/.test(text), 'must be in a year from 1000 to 9999');

/**
 * The same in a body, to be converted by the route (`timeParameter`): a schema that converts loses its example in the
 * OpenAPI document.
 */
export const zonedTime = z
  .string()
  .refine(
    (given) => timeParameter.safeParse(given).success,
    'must be an ISO 8601 time with a time zone, like 2026-01-31T12:00:00Z',
  )
  .meta({ format: 'date-time' });

/** For `refine`: the time range is not empty. */
export const isForwards: [
  (range: { from?: string | undefined; to?: string | undefined }) => boolean,
  { path: string[]; message: string },
] = [
  ({ from, to }) => from === undefined || to === undefined || from < to,
  { path: ['from'], message: 'must be before to; swap the two, or leave one out' },
];

/**
 * A parameter that may be repeated; with `split` its value may also be a list separated by commas. The OpenAPI
 * document shows an array with one parameter for each item, which every client can send.
 */
export function listOf<Item extends string>(item: z.ZodType<Item, string>, split = true) {
  return z.preprocess(
    (given) =>
      [given]
        .flat()
        .flatMap((text) => (split && typeof text === 'string' ? text.split(',') : [text])),
    z.array(item).min(1).max(100),
  );
}
