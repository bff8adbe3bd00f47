interface PreferredWait {
  /** Milliseconds to wait; 0 answers at once. */
  ms: number;
  /** The part of the header that was applied, for Preference-Applied. */
  applied: string | undefined;
}

/** Quoted texts, in which commas and semicolons do not separate. A text without a closing quote ends with the header. */
const QUOTED = /"(?:[^"\\]|\\.)*(?:"|\\?$)/g;
const SEPARATORS = /[,;]/g;
const HIDDEN = '_';

/**
 * Reads from a Prefer header (RFC 7240) how long the caller wants to wait: not at all with `respond-async`, N
 * seconds with `wait=N`, else the given default; at most `max`. Unknown and malformed preferences are ignored,
 * as the RFC asks.
 */
export function preferredWait(
  header: string | undefined,
  fallback: number,
  max: number,
): PreferredWait {
  const preferences = (header ?? '')
    .replace(QUOTED, (quoted) => quoted.replace(SEPARATORS, HIDDEN))
    .split(',')
    .map((part) => part.split(';')[0]?.trim().toLowerCase());
  for (const preference of preferences) {
    const [, bare, quoted] = /^wait\s*=\s*(?:(\d{1,6})|"(\d{1,6})")$/.exec(preference ?? '') ?? [];
    const seconds = bare ?? quoted;
    if (seconds === undefined) continue;
    const ms = Math.min(Number(seconds) * 1_000, max);
    return { ms, applied: `wait=${Math.floor(ms / 1_000)}` };
  }
  if (preferences.includes('respond-async')) return { ms: 0, applied: 'respond-async' };
  return { ms: Math.min(fallback, max), applied: undefined };
}
