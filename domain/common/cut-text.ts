/**
 * The beginning of a text, at most `units` UTF-16 units long; no character is cut in two (a supplementary one
 * takes two units, and half of it is no Unicode). A half that was there before becomes U+FFFD.
 */
export function cutText(text: string, units: number): string {
  if (text.length <= units) return text.toWellFormed();
  const last = text.charCodeAt(units - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHalf ? units - 1 : units).toWellFormed();
}
