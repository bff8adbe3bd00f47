import { LRUCache } from 'lru-cache';
import { type ApiKeyRecord, type ApiKeyStore, isValidKey } from '../../domain/access/index.ts';
import type { Clock } from '../../domain/common/index.ts';
import { hasHash, idOf, parseApiKey } from './api-key.ts';
import type { Caller, Identified } from './caller.ts';

/** Milliseconds for which a key that was looked up is believed: so long a revoked one may still work. */
export const KEY_TTL_MS = 5_000;
/** Milliseconds between two notes that a key was used. */
const USE_NOTE_MS = 60_000;
/** Keys, and ids that are no keys, that are remembered. */
const MAX_KEYS = 10_000;
const MAX_UNKNOWN = 1_000;

interface KeyRing {
  /** A promise only when the key has to be looked up. */
  identify(text: string): Identified | Promise<Identified>;
  /**
   * Whether finding out costs a look-up for an id never seen here: what a guesser makes us do, and
   * what somebody with a good key does once.
   */
  isNew(text: string): boolean;
}

interface Entry {
  record: ApiKeyRecord;
  readAt: number;
  noteDue: number;
  identified: Identified;
}

/**
 * The API keys, as they were in the database within the last seconds. Keys are changed by another
 * process, the command, so nothing here is told of it.
 */
export function createKeyRing(options: {
  store: ApiKeyStore;
  clock: Clock;
  /** Hears that the use of a key could not be noted. */
  onRecordFailed: (error: unknown) => void;
  ttlMs?: number;
}): KeyRing {
  const { store, clock, onRecordFailed, ttlMs = KEY_TTL_MS } = options;
  const known = new LRUCache<string, Entry>({ max: MAX_KEYS });
  // Apart from the others: guesses push out guesses only.
  const unknown = new LRUCache<string, number>({ max: MAX_UNKNOWN });
  const reading = new Map<string, Promise<Entry | null>>();

  const isFresh = (readAt: number | undefined): boolean =>
    readAt !== undefined && clock() - readAt < ttlMs;

  function read(id: string): Promise<Entry | null> {
    // Everybody who comes with a key while it is looked up waits for the same look-up.
    let under = reading.get(id);
    if (!under) {
      under = readNow(id).finally(() => reading.delete(id));
      reading.set(id, under);
    }
    return under;
  }

  async function readNow(id: string): Promise<Entry | null> {
    // Taken before the look-up: what changes meanwhile is not believed for longer than the rest.
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
      (record.lastUsedAt === null ? 0 : Date.parse(record.lastUsedAt) + USE_NOTE_MS);
    const { name } = record;
    const caller: Caller = {
      name,
      scopes: new Set(record.scopes),
      rateKey: `key:${name}`,
      id: `key:${name}`,
      stillValid: () => stillValid(id),
    };
    const entry: Entry = { record, readAt, noteDue, identified: { kind: 'known', caller } };
    known.set(id, entry);
    return entry;
  }

  /** The entry when it is at hand or nobody needs to be asked; else a promise of it. */
  function find(id: string): Entry | null | Promise<Entry | null> {
    const entry = known.get(id);
    if (entry && isFresh(entry.readAt)) return entry;
    if (!entry && isFresh(unknown.get(id))) return null;
    return read(id);
  }

  function recordUse(entry: Entry, now: number): void {
    if (now < entry.noteDue) return;
    entry.noteDue = now + USE_NOTE_MS;
    const { id } = entry.record;
    // After the answer, which must not wait for it.
    setImmediate(() => store.recordUse(id, new Date(now).toISOString()).catch(onRecordFailed));
  }

  function judge(text: string, entry: Entry | null): Identified {
    const now = clock();
    // The hash is compared in any case: an id that exists takes no longer than one that does not.
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
      // The database is away: nothing can be read through an open answer either.
      return true;
    }
  }

  return {
    identify(text) {
      // The usual case asks nobody, and leaves the checksum alone: the hash covers it.
      const entry = known.get(idOf(text));
      if (entry && isFresh(entry.readAt)) return judge(text, entry);
      const id = parseApiKey(text);
      if (id === null) return { kind: 'invalid' };
      const found = find(id);
      if (!(found instanceof Promise)) return judge(text, found);
      return found.then(
        (read) => judge(text, read),
        (reason: unknown) => ({ kind: 'unavailable', reason }),
      );
    },
    isNew(text) {
      if (known.has(idOf(text))) return false;
      const id = parseApiKey(text);
      return id !== null && !isFresh(unknown.get(id));
    },
  };
}
