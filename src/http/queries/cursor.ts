import type { z } from 'zod';

/** A place in a list as an opaque text. */
export function encodeCursor(place: object): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** The place in a cursor, or null when the text is no cursor of this shape. */
export function decodeCursor<Place>(text: string, schema: z.ZodType<Place>): Place | null {
  try {
    const parsed = schema.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    return parsed.success ? parsed.data : null;
  } catch {
    // Not JSON: somebody else's text.
    return null;
  }
}
