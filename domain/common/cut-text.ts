/**
 * The beginning of a text, at most `units` UTF-16 units long. A surrogate pair is never cut in two; a surrogate that
 * was unpaired before becomes U+FFFD.
 */
export function cutText(text: string, units: number): string {
  if (text.length <= units) return text.toWellFormed();
  const last = text.charCodeAt(units - 1);
  const isHighSurrogate = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHighSurrogate ? units - 1 : units).toWellFormed();
}
