/** Numbers with so many significant digits survive a double unchanged (DBL_DIG of IEEE 754). */
const SAFE_DIGITS = 15;

const ZERO = 0x30;

/**
 * Whether a JSON number keeps its decimal value when JavaScript parses it into a double and writes it again.
 * Fractions with the 17 digits that distinguish all doubles (`%.17g`) are doubles already, and lose nothing.
 *
 * False for overflow (1e400), underflow (1e-400), and for integers and fractions with more digits than a double has
 * (9007199254740993).
 *
 * @param text a number by the grammar of RFC 8259, section 6
 */
export function isKeptNumber(text: string): boolean {
  if (text.length <= SAFE_DIGITS && !/[eE]/.test(text)) return true;
  const value = Number(text);
  if (!Number.isFinite(value)) return false;
  if (value === 0) return /^[^1-9eE]*(?:[eE]|$)/.test(text);
  const sent = decimalOf(text);
  if (sent === decimalOf(String(value))) return true;
  return !Number.isInteger(value) && sent === decimalOf(value.toPrecision(17));
}

/** Normalizes a decimal other than 0: its digits without zeros at either end, and the power of ten. */
function decimalOf(text: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  // Not /0+$/, which takes quadratic time for a long row of zeros.
  let length = digits.length;
  while (digits.charCodeAt(length - 1) === ZERO) length--;
  const exponent = Number(power) - fraction.length + digits.length - length;
  return `${sign}${digits.slice(0, length)}e${exponent}`;
}
