import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Json } from '../common/index.ts';
import { ENCRYPTED_PREFIX } from './personal.ts';

/** Encrypts and decrypts the personal values of one process. */
export interface ProcessCipher {
  encrypt(value: Json): string;
  /** The value; a text that was not encrypted with this key, or was changed since, is returned as it is. */
  decrypt(text: string): Json;
}

const ALGORITHM = 'aes-256-gcm';
/** Bytes, as NIST SP 800-38D recommends for GCM; random, because one process has far fewer values than 2^32. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
const FORM = new RegExp(
  `^${ENCRYPTED_PREFIX.replace(/[$.]/g, '\\$&')}v1\\.([\\w-]{16})\\.([\\w-]{22})\\.([\\w-]*)$`,
);

/**
 * Encrypts with AES-256-GCM to `$personal.v1.<iv>.<tag>.<ciphertext>`, each part in base64url. The correlation id
 * is authenticated with it: a value that somebody copies into another process cannot be decrypted there.
 */
export function createProcessCipher(key: Buffer, correlationId: string): ProcessCipher {
  const bound = Buffer.from(correlationId);
  return {
    encrypt(value) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(bound);
      const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
      const parts = [iv, cipher.getAuthTag(), text].map((bytes) => bytes.toString('base64url'));
      return `${ENCRYPTED_PREFIX}v1.${parts.join('.')}`;
    },
    decrypt(text) {
      const [, iv, tag, ciphertext] = FORM.exec(text) ?? [];
      if (iv === undefined || tag === undefined || ciphertext === undefined) return text;
      const decipher = createDecipheriv(ALGORITHM, key, Buffer.from(iv, 'base64url'), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(bound);
      decipher.setAuthTag(Buffer.from(tag, 'base64url'));
      try {
        const plain = Buffer.concat([
          decipher.update(Buffer.from(ciphertext, 'base64url')),
          decipher.final(),
        ]);
        return JSON.parse(plain.toString()) as Json;
      } catch {
        // Not authentic: a text of a caller that looks encrypted, from before the process had its key.
        return text;
      }
    },
  };
}
