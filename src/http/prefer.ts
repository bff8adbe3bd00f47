/**
 * How long a caller wants to wait, in milliseconds, from a Prefer header (RFC 7240): `respond-async`
 * means not at all, `wait=N` N seconds, neither the given default; never more than `max`. Unknown
 * preferences and malformed ones are ignored, as the RFC asks.
 */
export function preferredWait(header: string | undefined, fallback: number, max: number): number {
  if (!header) return Math.min(fallback, max);
  const preferences = header.split(',').map((part) => part.split(';')[0]?.trim().toLowerCase());
  for (const preference of preferences) {
    const seconds = /^wait\s*=\s*"?(\d{1,6})"?$/.exec(preference ?? '')?.[1];
    if (seconds !== undefined) return Math.min(Number(seconds) * 1_000, max);
  }
  return preferences.includes('respond-async') ? 0 : Math.min(fallback, max);
}
