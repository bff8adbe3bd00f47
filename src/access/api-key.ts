import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * `fck_<id>_<secret><checksum>`: the prefix and the checksum let secret scanners find a leaked key
 * without asking us, and let a mistyped one be refused without asking the database
 * (https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/).
 */
const PREFIX = 'fck_';
/** Random bytes of the secret, and its digits in base 62. */
const SECRET_BYTES = 32;
const SECRET_DIGITS = 43;
/** Digits of the id: it is public and only has to be unique. */
const ID_BYTES = 8;
const ID_DIGITS = 11;
const CHECKSUM_DIGITS = 6;
const LENGTH = PREFIX.length + ID_DIGITS + 1 + SECRET_DIGITS + CHECKSUM_DIGITS;
const PATTERN = new RegExp(
  `^${PREFIX}[0-9A-Za-z]{${ID_DIGITS}}_[0-9A-Za-z]{${SECRET_DIGITS + CHECKSUM_DIGITS}}$`,
);
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

interface NewApiKey {
  id: string;
  /** The whole key: shown once and stored nowhere. */
  text: string;
  hash: string;
}

/** Makes a key from 256 random bits. */
export function newApiKey(random: (size: number) => Buffer = randomBytes): NewApiKey {
  const id = base62(random(ID_BYTES), ID_DIGITS);
  const secret = base62(random(SECRET_BYTES), SECRET_DIGITS);
  const begin = `${PREFIX}${id}_${secret}`;
  const text = begin + checksum(begin);
  return { id, text, hash: hashKey(text) };
}

export function looksLikeApiKey(text: string): boolean {
  return text.startsWith(PREFIX);
}

/** The id of a key, or null when the text cannot be a key. */
export function parseApiKey(text: string): string | null {
  if (!PATTERN.test(text)) return null;
  const begin = text.slice(0, -CHECKSUM_DIGITS);
  return begin + checksum(begin) === text ? idOf(text) : null;
}

/** The id in a text that is a key; for any other text the result is not an id. */
export function idOf(text: string): string {
  return text.length === LENGTH ? text.slice(PREFIX.length, PREFIX.length + ID_DIGITS) : '';
}

/**
 * SHA-256 of the whole key, in hex. Slow hashes (bcrypt, argon2) protect passwords that people choose; 256 random bits
 * cannot be guessed, and a slow hash would cost every call
 * (https://pages.nist.gov/800-63-4/sp800-63b.html, look-up secrets of at least 112 bits).
 */
function hashKey(text: string): string {
  return hash('sha256', text, 'hex');
}

/** Stands for the hash of a key that does not exist, so that refusing it takes the same time. */
const NO_HASH = '0'.repeat(64);

/** Whether the key has this hash, compared in constant time. */
export function hasHash(text: string, expected: string | undefined): boolean {
  const given = Buffer.from(hashKey(text), 'latin1');
  const same = timingSafeEqual(given, Buffer.from(expected ?? NO_HASH, 'latin1'));
  return same && expected !== undefined;
}

function checksum(text: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(text));
  return base62(bytes, CHECKSUM_DIGITS);
}

function base62(bytes: Buffer, digits: number): string {
  let value = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (let at = 0; at < digits; at++) {
    text = DIGITS.charAt(Number(value % 62n)) + text;
    value /= 62n;
  }
  return text;
}
