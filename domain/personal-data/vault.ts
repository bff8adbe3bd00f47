import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { PersonalDataLockedError } from '../common/index.ts';
import { createProcessCipher, type ProcessCipher } from './encryption.ts';
import { KEY_BYTES, type MasterKeys } from './master-keys.ts';
import type { ProcessKeyRow, ProcessKeys } from './process-keys.ts';

/** The cipher of a process; `erased`: its key is destroyed. */
type KnownCipher = ProcessCipher | 'erased';

export interface Vault {
  /** False when there is no master key. */
  makesKeys: boolean;
  /**
   * The cipher to write with; a process without a key gets one.
   *
   * @param isNew true when it probably has no key
   * @returns null when there is no master key and the process has no key: its values are written in plain text
   * @throws PersonalDataLockedError, StoreUnavailableError
   */
  forWriting(correlationId: string, isNew: boolean): Promise<KnownCipher | null>;
  /**
   * The ciphers to read with; processes that never had a key are missing.
   *
   * @throws PersonalDataLockedError, StoreUnavailableError
   */
  forReading(correlationIds: Iterable<string>): Promise<Map<string, KnownCipher>>;
}

/** Milliseconds for which a key is cached: another instance may destroy it meanwhile. */
const KEY_TTL_MS = 5_000;
const MAX_KEYS = 10_000;

/** The keys of personal data in this instance: unwrapped for seconds, in memory only. */
export function createVault(options: {
  keys: ProcessKeys;
  /** Null: nothing new is encrypted. */
  masterKeys: MasterKeys | null;
  ttlMs?: number;
  /** Milliseconds. */
  clock?: { now(): number };
}): Vault {
  const { keys, masterKeys, ttlMs = KEY_TTL_MS, clock = performance } = options;
  const ciphers = new LRUCache<string, KnownCipher>({
    max: MAX_KEYS,
    ttl: ttlMs,
    // An expired key is removed from memory, not only no longer used.
    ttlAutopurge: true,
    ttlResolution: 0,
    perf: clock,
  });
  let lastAsked = Number.NEGATIVE_INFINITY;
  let isAny = false;

  function remember(row: ProcessKeyRow): KnownCipher {
    const cipher = row.erasedAt === null ? unwrap(row) : 'erased';
    ciphers.set(row.correlationId, cipher);
    return cipher;
  }

  function unwrap(row: ProcessKeyRow & { erasedAt: null }): ProcessCipher {
    const { correlationId, wrappedKey, masterKey } = row;
    if (!masterKeys?.known.has(masterKey)) {
      throw new PersonalDataLockedError(correlationId, masterKey);
    }
    return createProcessCipher(masterKeys.unwrap(wrappedKey, masterKey), correlationId);
  }

  /** Without a master key most databases have no keys at all, so this is asked rarely and not for every event. */
  async function anyKeys(): Promise<boolean> {
    if (clock.now() - lastAsked >= ttlMs) {
      isAny = await keys.any();
      lastAsked = clock.now();
    }
    return isAny;
  }

  return {
    makesKeys: masterKeys !== null,
    async forWriting(correlationId, isNew) {
      const known = ciphers.get(correlationId);
      if (known) return known;
      if (!masterKeys && !(await anyKeys())) return null;
      if (!masterKeys || !isNew) {
        const [row] = await keys.find([correlationId]);
        if (row) return remember(row);
        if (!masterKeys) return null;
      }
      const wrapped = masterKeys.wrap(randomBytes(KEY_BYTES));
      return remember(await keys.add(correlationId, wrapped, masterKeys.current));
    },
    async forReading(correlationIds) {
      const found = new Map<string, KnownCipher>();
      const missing: string[] = [];
      for (const id of new Set(correlationIds)) {
        const known = ciphers.get(id);
        if (known) found.set(id, known);
        else missing.push(id);
      }
      if (missing.length > 0) {
        for (const row of await keys.find(missing)) found.set(row.correlationId, remember(row));
      }
      return found;
    },
  };
}
