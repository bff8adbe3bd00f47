import { z } from 'zod';

/** The query of a route. Of a parameter that there is none of it says which ones there are. */
export function queryOf<Shape extends z.ZodRawShape>(shape: Shape) {
  const names = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `there is no parameter ${issue.keys.join(', ')}; there are ${names}`
        : undefined,
  });
}

/** A whole number from `least` to `most`, for how many and from where; left out, it is `otherwise`. */
export function wholeNumber(least: number, most?: number, otherwise?: number) {
  const error = `must be a whole number from ${least} ${most === undefined ? 'on' : `to ${most}`}`;
  const from = z.number({ error }).int(error).min(least, error);
  const number = most === undefined ? from : from.max(most, error);
  return z.preprocess(
    // Not what Number takes besides: "", "0x10", "1e2".
    (text) => (typeof text === 'string' && /^-?\d{1,16}$/.test(text) ? Number(text) : text),
    otherwise === undefined ? number : number.default(otherwise),
  );
}

/** RFC 3339 takes small letters, and Python's strftime has no other offset than +0000. */
export function usualTime(text: unknown): unknown {
  if (typeof text !== 'string') return text;
  return text.toUpperCase().replace(/([+-]\d\d)(\d\d)$/, '$1:$2');
}

/** A time with its zone, as ISO 8601 in UTC with milliseconds, of years that both databases know. */
export const timeParameter = z
  .preprocess(
    usualTime,
    z.iso.datetime({
      offset: true,
      error:
        'must be a time of ISO 8601 with its zone, like 2026-01-31T12:00:00Z (escape the + of an offset as %2B)',
    }),
  )
  .transform((text) => new Date(text).toISOString())
  .refine((text) => /^[1-9]\d{3}-/.test(text), 'must be of a year from 1000 to 9999');

/** For `refine`: the time range has something in it. */
export const isForwards: [
  (range: { from?: string | undefined; to?: string | undefined }) => boolean,
  { path: string[]; message: string },
] = [
  ({ from, to }) => from === undefined || to === undefined || from < to,
  { path: ['from'], message: 'must be before to; exchange the two, or leave one out' },
];

/**
 * A parameter that comes once or several times; `split`: or once with commas in between. The document shows an array,
 * sent as one parameter for each item, which every client can give.
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
