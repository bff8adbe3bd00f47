/*
 * The columns of process names are VARCHAR, which on SQL Server holds the letters of one code page only. They hold
 * names as a URL does: whatever is outside of ASCII as %XX for each byte of its UTF-8. A process id never holds a %,
 * so this can be undone, and ids of ASCII letters stand as they are.
 */

/** What the columns hold. */
const MAX_LENGTH = 255;

/** A process name as the tables hold it. */
export function encodeName(name: string): string {
  return encodeURIComponent(name.toWellFormed());
}

/** The same for a filter: one that is too long for the column finds nothing, instead of what it begins with. */
export function encodeFilter(name: string): string {
  const encoded = encodeName(name);
  return encoded.length > MAX_LENGTH ? '%' : encoded;
}

/** The process name that the tables hold; a text that `encodeName` never wrote is left as it is. */
export function decodeName(stored: string): string {
  if (!stored.includes('%')) return stored;
  try {
    return decodeURIComponent(stored);
  } catch {
    return stored;
  }
}
