import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { PersonalDataLockedError } from '../common/index.ts';
import { createSeal, type Seal } from './encryption.ts';
import { KEY_BYTES, type MasterKeys } from './master-keys.ts';
import type { ProcessKeyRow, ProcessKeys } from './process-keys.ts';

/** What a process's personal values are read and written with: its seal, or nothing any more. */
export type ProcessSeal = Seal | 'erased';

export interface Vault {
  /** False when there is no master key. */
  makesKeys: boolean;
  /**
   * What a process writes with; gives it a key when it has none.
   *
   * @param isNew true when it probably has none
   * @returns null when there is no master key and the process has no key: it is written as it is
   * @throws PersonalDataLockedError, StoreUnavailableError
   */
  forWriting(correlationId: string, isNew: boolean): Promise<ProcessSeal | null>;
  /**
   * What processes are read with; those that never had a key are missing.
   *
   * @throws PersonalDataLockedError, StoreUnavailableError
   */
  forReading(correlationIds: Iterable<string>): Promise<Map<string, ProcessSeal>>;
}

/** Milliseconds for which a key is believed to be there: another instance may have destroyed it. */
export const KEY_TTL_MS = 5_000;
const MAX_KEYS = 10_000;

/** The keys of personal data as this instance knows them: unwrapped ones for seconds, in memory only. */
export function createVault(options: {
  keys: ProcessKeys;
  /** Null: nothing new is sealed. */
  masterKeys: MasterKeys | null;
  ttlMs?: number;
  /** Milliseconds. */
  clock?: { now(): number };
}): Vault {
  const { keys, masterKeys, ttlMs = KEY_TTL_MS, clock = performance } = options;
  const seals = new LRUCache<string, ProcessSeal>({
    max: MAX_KEYS,
    ttl: ttlMs,
    // Not only used no longer: gone.
    ttlAutopurge: true,
    ttlResolution: 0,
    perf: clock,
  });
  let lookedForAny = Number.NEGATIVE_INFINITY;
  let isAny = false;

  function remember(row: ProcessKeyRow): ProcessSeal {
    const seal = row.erasedAt === null ? unwrap(row) : 'erased';
    seals.set(row.correlationId, seal);
    return seal;
  }

  function unwrap(row: ProcessKeyRow & { erasedAt: null }): Seal {
    const { correlationId, wrappedKey, masterKey } = row;
    if (!masterKeys?.known.has(masterKey)) {
      throw new PersonalDataLockedError(correlationId, masterKey);
    }
    return createSeal(masterKeys.unwrap(wrappedKey, masterKey), correlationId);
  }

  /** Without a master key most databases have no keys at all: asked once in a while, not for every event. */
  async function anyKeys(): Promise<boolean> {
    if (clock.now() - lookedForAny >= ttlMs) {
      isAny = await keys.any();
      lookedForAny = clock.now();
    }
    return isAny;
  }

  return {
    makesKeys: masterKeys !== null,
    async forWriting(correlationId, isNew) {
      const known = seals.get(correlationId);
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
      const found = new Map<string, ProcessSeal>();
      const missing: string[] = [];
      for (const id of new Set(correlationIds)) {
        const known = seals.get(id);
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
