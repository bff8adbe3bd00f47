import { z } from 'zod';
import type { Variables } from './engine.ts';
import { readTyped, type TypedValue } from './typed-value.ts';

/** Variables of a request by name. */
export const variablesSchema = z
  .record(
    z.string(),
    z.object({ value: z.unknown(), type: z.string().nullish(), valueInfo: z.unknown().optional() }),
  )
  .nullish();

/** @throws BadRequest naming a variable whose value does not fit its type */
export function readVariables(given: z.infer<typeof variablesSchema>): Variables {
  const variables = new Map<string, TypedValue>();
  for (const [name, { value, type }] of Object.entries(given ?? {})) {
    variables.set(name, readTyped(name, type ? { value, type } : { value }));
  }
  return variables;
}
