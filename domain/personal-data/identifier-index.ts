import { createHmac, randomBytes } from 'node:crypto';
import type { Json } from '../common/index.ts';
import {
  type IdentifierIndex,
  type IdentifierRow,
  type IdentifierSource,
  type IndexedProcess,
  indexedIn,
  textOf,
} from '../identifiers/index.ts';
import { createProcessCipher } from './encryption.ts';
import { KEY_BYTES, type MasterKeys } from './master-keys.ts';
import { isEncrypted } from './personal.ts';
import type { ProcessKeyRow, ProcessKeys } from './process-keys.ts';

/** Under this id the key of the hashes is with those of the processes: none has a space in its id. */
const HASH_KEY = 'identifier hashes';

/**
 * The index of identifiers. A personal one is indexed by HMAC-SHA256 with one key for the database, which is kept like the
 * keys of the processes: a value is found without its process being known, and who has the tables without the master key
 * cannot try values. The hash of an erased process is deleted with its key; nothing else has it.
 *
 * The keys of processes are not cached here: a key that was just destroyed must not be used for a new hash.
 *
 * @param masterKeys null: personal identifiers are left out
 */
export function createIdentifierIndex(
  keys: Pick<ProcessKeys, 'find' | 'add'>,
  masterKeys: MasterKeys | null,
): IdentifierIndex {
  let hashKey: Buffer | null = null;

  /** The key of the hashes; null without a master key, and before there is one. */
  async function readHashKey(mayMake: boolean): Promise<Buffer | null> {
    if (hashKey || !masterKeys) return hashKey;
    const [known] = await keys.find([HASH_KEY]);
    if (known) hashKey = unwrapped(known);
    if (known || !mayMake) return hashKey;
    const fresh = masterKeys.wrap(randomBytes(KEY_BYTES));
    // Of two at the same moment both get the key of the first.
    hashKey = unwrapped(await keys.add(HASH_KEY, fresh, masterKeys.current));
    return hashKey;
  }

  /** Null for a destroyed key, and for one whose master key is not there. */
  function unwrapped(row: ProcessKeyRow): Buffer | null {
    if (row.erasedAt !== null || !masterKeys?.known.has(row.masterKey)) return null;
    return masterKeys.unwrap(row.wrappedKey, row.masterKey);
  }

  function clearRowsOf(source: IdentifierSource): IdentifierRow[] | null {
    const { correlationId, processName } = source;
    const found = indexedIn(source.identifiers);
    if (found.some(({ value }) => isEncrypted(value))) return null;
    return found.map((one) => ({ correlationId, processName, ...one }));
  }

  async function rowsOf(sources: readonly IdentifierSource[]) {
    const processes = new Map<string, IndexedProcess>();
    const encrypted: IdentifierSource[] = [];
    for (const source of sources) {
      const rows = clearRowsOf(source);
      if (rows) processes.set(source.correlationId, { rows, isLocked: false });
      else encrypted.push(source);
    }
    if (encrypted.length === 0) return processes;
    const secret = await readHashKey(true);
    const found = await keys.find(encrypted.map(({ correlationId }) => correlationId));
    const byId = new Map(found.map((row) => [row.correlationId, row]));
    for (const source of encrypted) {
      processes.set(source.correlationId, hashed(source, byId.get(source.correlationId), secret));
    }
    return processes;
  }

  function hashed(
    { correlationId, processName, identifiers = {} }: IdentifierSource,
    key: ProcessKeyRow | undefined,
    secret: Buffer | null,
  ): IndexedProcess {
    const opened = key && unwrapped(key);
    const cipher = opened && createProcessCipher(opened, correlationId);
    const rows: IdentifierRow[] = [];
    let isLocked = false;
    for (const [name, value] of Object.entries(identifiers)) {
      const one = indexedIn({ [name]: value })[0];
      if (!one) continue;
      const common = { correlationId, processName, name };
      // Without a key it is a text of a caller that only looks encrypted.
      if (!key || !isEncrypted(value)) {
        rows.push({ correlationId, processName, ...one });
        continue;
      }
      if (key.erasedAt !== null) continue;
      if (!cipher || !secret) {
        isLocked = true;
        continue;
      }
      const text = textOf(cipher.decrypt(value) as Json);
      if (text === null) continue;
      rows.push({ ...common, value: hash(secret, name, text), number: null, isHashed: true });
    }
    return { rows, isLocked };
  }

  return {
    clearRowsOf,
    rowsOf,
    async hashOf(name, value) {
      const secret = await readHashKey(false);
      return secret && hash(secret, name, value);
    },
  };
}

function hash(secret: Buffer, name: string, value: string): string {
  return createHmac('sha256', secret).update(`${name}\0${value}`).digest('base64url');
}
