import { z } from 'zod';

/** Clients take dots out of a path, escaped or not, and `/api/process/status/…` is a call itself. */
const UNREACHABLE: readonly string[] = ['.', '..', 'status'];

/**
 * Visible ASCII without spaces: the columns are VARCHAR, and SQL Server ignores trailing spaces in
 * comparisons, so two different ids could otherwise be one.
 */
export const correlationIdSchema = z
  .string()
  .min(1, 'must not be empty')
  .max(255, 'must have at most 255 characters')
  .regex(/^[\x21-\x7e]*$/, 'must be visible ASCII characters, without spaces or control characters')
  .refine((id) => !UNREACHABLE.includes(id), {
    message: `must not be ${UNREACHABLE.map((id) => `"${id}"`).join(', ')}: no URL could name it`,
  })
  .meta({ not: { enum: UNREACHABLE } })
  .describe('Your id of the process; also its business key in the engine');
