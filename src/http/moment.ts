import { z } from 'zod';
import type { Moment } from '../use-cases/find-past-state.ts';

const FORMS =
  'must be a version, a whole number from 1 on, or a time of ISO 8601 with its zone, like 2026-01-31T12:00:00Z';
const time = z.iso.datetime({ offset: true });

/** `?at=`: a version of a process or a time. */
export const momentSchema = z
  .string()
  .max(40)
  .transform((text, context): Moment => {
    if (/^[1-9]\d{0,8}$/.test(text)) return { version: Number(text) };
    const at = time.safeParse(text).success ? new Date(text) : null;
    if (at && !Number.isNaN(at.getTime())) return { time: at.toISOString() };
    context.addIssue({ code: 'custom', message: FORMS });
    return z.NEVER;
  });
