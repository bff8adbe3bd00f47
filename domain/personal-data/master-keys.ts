import { createCipheriv, createDecipheriv, hash } from 'node:crypto';

/** Bytes of every key: AES-256. */
export const KEY_BYTES = 32;
/** The initial value of RFC 3394, by which an unwrapping with the wrong key is noticed. */
const INITIAL = Buffer.alloc(8, 0xa6);
/** Hexadecimal digits of a fingerprint. */
const FINGERPRINT = 16;

export interface MasterKeys {
  /** The fingerprint of the key that wraps. */
  current: string;
  /** The fingerprints of all of them. */
  known: ReadonlySet<string>;
  /** Wraps a key by AES key wrap (RFC 3394). @returns base64 */
  wrap(key: Buffer): string;
  /** @throws Error when no such master key is there, or the text was not wrapped by it */
  unwrap(wrapped: string, fingerprint: string): Buffer;
}

/**
 * The master keys in a setting: base64 of 32 bytes each, with commas between them. The first one wraps, all
 * of them unwrap.
 *
 * @returns null for an empty setting
 * @throws RangeError with what is wrong, without the value
 */
export function readMasterKeys(setting: string): MasterKeys | null {
  if (setting.trim() === '') return null;
  const keys = new Map<string, Buffer>();
  for (const part of setting.split(',')) {
    const key = readKey(part.trim());
    keys.set(fingerprintOf(key), key);
  }
  const [[current, wrapping] = []] = keys;
  if (!current || !wrapping) return null;
  return {
    current,
    known: new Set(keys.keys()),
    wrap(key) {
      const cipher = createCipheriv('id-aes256-wrap', wrapping, INITIAL);
      return Buffer.concat([cipher.update(key), cipher.final()]).toString('base64');
    },
    unwrap(wrapped, fingerprint) {
      const key = keys.get(fingerprint);
      if (!key) throw new Error(`there is no master key ${fingerprint}`);
      const decipher = createDecipheriv('id-aes256-wrap', key, INITIAL);
      return Buffer.concat([decipher.update(Buffer.from(wrapped, 'base64')), decipher.final()]);
    },
  };
}

/** Names a key without telling anything of it. */
function fingerprintOf(key: Buffer): string {
  return hash('sha256', Buffer.concat([Buffer.from('master key '), key])).slice(0, FINGERPRINT);
}

function readKey(text: string): Buffer {
  const key = Buffer.from(text, 'base64');
  const isBase64 = /^[A-Za-z0-9+/_-]+={0,2}$/.test(text);
  if (!isBase64 || key.length !== KEY_BYTES) {
    throw new RangeError(
      'must be 32 random bytes in base64, or several of those with commas between them; `openssl rand -base64 32` makes one',
    );
  }
  return key;
}
