import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Json } from '../common/index.ts';
import { SEALED } from './personal.ts';

/** Seals and opens the personal values of one process. */
export interface Seal {
  seal(value: Json): string;
  /** The value; what this key has not sealed, or somebody has changed since, is given back as it is. */
  open(sealed: string): Json;
}

const ALGORITHM = 'aes-256-gcm';
/** Bytes, as NIST SP 800-38D recommends for GCM; random, for one process seals far fewer values than 2^32. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
const FORM = new RegExp(
  `^${SEALED.replace(/[$.]/g, '\\$&')}v1\\.([\\w-]{16})\\.([\\w-]{22})\\.([\\w-]*)$`,
);

/**
 * Seals with AES-256-GCM as `$personal.v1.<iv>.<tag>.<ciphertext>`, each in base64url. The correlation id is
 * authenticated with it: a value that somebody copies into another process does not open there.
 */
export function createSeal(key: Buffer, correlationId: string): Seal {
  const bound = Buffer.from(correlationId);
  return {
    seal(value) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(bound);
      const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
      const parts = [iv, cipher.getAuthTag(), text].map((bytes) => bytes.toString('base64url'));
      return `${SEALED}v1.${parts.join('.')}`;
    },
    open(sealed) {
      const [, iv, tag, text] = FORM.exec(sealed) ?? [];
      if (iv === undefined || tag === undefined || text === undefined) return sealed;
      const decipher = createDecipheriv(ALGORITHM, key, Buffer.from(iv, 'base64url'), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(bound);
      decipher.setAuthTag(Buffer.from(tag, 'base64url'));
      try {
        const plain = Buffer.concat([
          decipher.update(Buffer.from(text, 'base64url')),
          decipher.final(),
        ]);
        return JSON.parse(plain.toString()) as Json;
      } catch {
        // Not authentic: a caller's text that looks sealed, from before the process had its key.
        return sealed;
      }
    },
  };
}
