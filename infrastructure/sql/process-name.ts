/*
 * The columns of process names are VARCHAR, which on SQL Server holds only the letters of one code page. They hold
 * names as a URL does: everything outside of ASCII as %XX for each byte of its UTF-8. A process id never has a %, so
 * this can be reversed, and ids of ASCII letters are stored as they are.
 */

/** The length of the columns. */
const MAX_LENGTH = 255;

/** A process name as the tables hold it. */
export function encodeName(name: string): string {
  return encodeURIComponent(name.toWellFormed());
}

/** The same for a filter: a name that is too long for the column finds nothing, instead of names with its beginning. */
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
