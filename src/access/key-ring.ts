import { LRUCache } from 'lru-cache';
import { type ApiKeyRecord, type ApiKeyStore, isValidKey } from '../../domain/access/index.ts';
import type { Clock, Timestamp } from '../../domain/common/index.ts';
import { hasHash, idOf, parseApiKey } from './api-key.ts';
import type { Caller, Identified } from './caller.ts';

/** How long a key that was looked up is used without another look-up: a revoked key may work for so long. */
export const KEY_TTL_MS = 5_000;
/** The time of use of a key is stored at this interval. */
const USE_NOTE_INTERVAL_MS = 60_000;
/** Keys in memory, and ids in memory that are not keys. */
const MAX_KEYS = 10_000;
const MAX_UNKNOWN = 1_000;

/** A key that is valid now. */
interface ValidKey {
  hash: string;
  expiresAt: Timestamp | null;
  caller: Caller;
}

export interface KeyRing {
  /** A promise only when the key has to be looked up. */
  identify(text: string): Identified | Promise<Identified>;
  /**
   * Whether identifying the key costs a look-up for a new id. Guessed keys always cost one, a valid key only once.
   */
  isNew(text: string): boolean;
  /** A valid key by its id, for a session; counts as a use. @throws StoreUnavailableError */
  find(id: string): Promise<ValidKey | null>;
  /** Whether the key of this id is in memory, or is known not to be one. */
  knows(id: string): boolean;
}

interface Entry {
  record: ApiKeyRecord;
  readAt: number;
  noteDue: number;
  caller: Caller;
  identified: Identified;
}

/**
 * The API keys as they were in the database within the last seconds. The command line changes them in another
 * process, so this one is not notified.
 */
export function createKeyRing(options: {
  store: ApiKeyStore;
  clock: Clock;
  /** Called when the time of use of a key could not be stored. */
  onRecordFailed: (error: unknown) => void;
  ttlMs?: number;
}): KeyRing {
  const { store, clock, onRecordFailed, ttlMs = KEY_TTL_MS } = options;
  const known = new LRUCache<string, Entry>({ max: MAX_KEYS });
  // A cache of their own: guessed ids push out only guessed ids.
  const unknown = new LRUCache<string, number>({ max: MAX_UNKNOWN });
  const reading = new Map<string, Promise<Entry | null>>();

  const isFresh = (readAt: number | undefined): boolean =>
    readAt !== undefined && clock() - readAt < ttlMs;

  function read(id: string): Promise<Entry | null> {
    // Callers with a key that is being looked up wait for the same look-up.
    let under = reading.get(id);
    if (!under) {
      under = readNow(id).finally(() => reading.delete(id));
      reading.set(id, under);
    }
    return under;
  }

  async function readNow(id: string): Promise<Entry | null> {
    // Taken before the look-up, so that a change during it is not hidden for longer.
    const readAt = clock();
    const record = await store.find(id);
    if (!record) {
      known.delete(id);
      unknown.set(id, readAt);
      return null;
    }
    unknown.delete(id);
    const noteDue =
      known.get(id)?.noteDue ??
      (record.lastUsedAt === null ? 0 : Date.parse(record.lastUsedAt) + USE_NOTE_INTERVAL_MS);
    const { name } = record;
    const caller: Caller = {
      name,
      scopes: new Set(record.scopes),
      rateKey: `key:${name}`,
      id: `key:${name}`,
      key: { id },
      stillValid: () => stillValid(id),
    };
    const identified: Identified = { kind: 'known', caller };
    const entry: Entry = { record, readAt, noteDue, caller, identified };
    known.set(id, entry);
    return entry;
  }

  /** The entry from memory, or a promise when it has to be looked up. */
  function find(id: string): Entry | null | Promise<Entry | null> {
    const entry = known.get(id);
    if (entry && isFresh(entry.readAt)) return entry;
    if (!entry && isFresh(unknown.get(id))) return null;
    return read(id);
  }

  function recordUse(entry: Entry, now: number): void {
    if (now < entry.noteDue) return;
    entry.noteDue = now + USE_NOTE_INTERVAL_MS;
    const { id } = entry.record;
    // After the answer, which does not wait for it.
    setImmediate(() => store.recordUse(id, new Date(now).toISOString()).catch(onRecordFailed));
  }

  function check(text: string, entry: Entry | null): Identified {
    const now = clock();
    // The hash is compared in any case: an existing id takes the same time as an unknown one.
    const fits = hasHash(text, entry?.record.hash);
    if (!entry || !fits || !isValidKey(entry.record, now)) return { kind: 'invalid' };
    recordUse(entry, now);
    return entry.identified;
  }

  async function stillValid(id: string): Promise<boolean> {
    try {
      const current = await find(id);
      return current !== null && isValidKey(current.record, clock());
    } catch {
      // The database is unavailable, so an open answer reads nothing either.
      return true;
    }
  }

  return {
    identify(text) {
      // The usual case needs no look-up and no checksum: the hash covers it.
      const entry = known.get(idOf(text));
      if (entry && isFresh(entry.readAt)) return check(text, entry);
      const id = parseApiKey(text);
      if (id === null) return { kind: 'invalid' };
      const found = find(id);
      if (!(found instanceof Promise)) return check(text, found);
      return found.then(
        (read) => check(text, read),
        (reason: unknown) => ({ kind: 'unavailable', reason }),
      );
    },
    isNew(text) {
      if (known.has(idOf(text))) return false;
      const id = parseApiKey(text);
      return id !== null && !isFresh(unknown.get(id));
    },
    async find(id) {
      const entry = await find(id);
      if (!entry || !isValidKey(entry.record, clock())) return null;
      recordUse(entry, clock());
      const { record, caller } = entry;
      return { hash: record.hash, expiresAt: record.expiresAt, caller };
    },
    knows: (id) => known.has(id) || isFresh(unknown.get(id)),
  };
}
