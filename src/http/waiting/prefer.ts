interface PreferredWait {
  /** Milliseconds to wait; 0 answers at once. */
  ms: number;
  /** What of the header was heeded, for Preference-Applied. */
  applied: string | undefined;
}

/** Texts in quotes, in which commas and semicolons separate nothing; one without its end goes to the end. */
const QUOTED = /"(?:[^"\\]|\\.)*(?:"|\\?$)/g;
const SEPARATORS = /[,;]/g;
const HIDDEN = '_';

/**
 * How long a caller wants to wait, from a Prefer header (RFC 7240): `respond-async` means not at all,
 * `wait=N` N seconds, neither the given default; never more than `max`. Unknown preferences and
 * malformed ones are ignored, as the RFC asks.
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
