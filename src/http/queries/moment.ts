import { z } from 'zod';
import type { Moment } from '../../../domain/process/index.ts';
import { timeParameter, usualTime } from './parameters.ts';

const FORMS =
  'must be a version (a whole number from 1 on) or an ISO 8601 time with a time zone in a year from 1000 to 9999, like 2026-01-31T12:00:00Z';
/** No process has more versions: the column is an INT. */
const MAX_VERSION = 2_147_483_647;
const VERSION = /^[1-9][0-9]*$/;
const TIME = z.regexes.datetime({ offset: true });

/** The parameter `at`: a version of a process or a time. A version above the largest one is not found. */
export const momentSchema = z
  .preprocess(
    usualTime,
    z
      .string()
      .max(1_000)
      .regex(new RegExp(`${VERSION.source}|${TIME.source}`), FORMS),
  )
  .transform((text, context): Moment => {
    if (VERSION.test(text)) return { version: Math.min(Number(text), MAX_VERSION) };
    const time = timeParameter.safeParse(text);
    if (time.success) return { time: time.data };
    context.addIssue({ code: 'custom', message: FORMS });
    return z.NEVER;
  });
