import { z } from 'zod';

/** Encodes where the next page starts as an opaque text. */
export function encodeCursor(position: object): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** The content of a cursor, or null when the text is not a cursor of this shape. */
export function decodeCursor<Position>(text: string, schema: z.ZodType<Position>): Position | null {
  try {
    const parsed = schema.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    return parsed.success ? parsed.data : null;
  } catch {
    // Not JSON, so not a cursor that this service made.
    return null;
  }
}

const NO_CURSOR =
  'is not a cursor of this list; use nextCursor of an earlier page, or leave it out to start from the beginning';

/** The parameter `cursor` of a list, decoded. */
export function cursorParameter<Position>(schema: z.ZodType<Position>) {
  return z
    .string()
    .max(2_000)
    .transform((text, context): Position => {
      const position = decodeCursor(text, schema);
      if (position !== null) return position;
      context.addIssue({ code: 'custom', message: NO_CURSOR });
      return z.NEVER;
    })
    .optional()
    .describe('`nextCursor` of the previous page');
}
