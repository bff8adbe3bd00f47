import type { ApiKeyStore, Scope } from '../../domain/access/access.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import { type Access, createAccess } from '../../src/access/access.ts';
import { createKeyManager, type MadeKey } from '../../src/access/manage-keys.ts';
import { readConfig } from '../../src/config.ts';
import type { Folder } from './service.ts';

/** Milliseconds for which the parts believe a key, so that tests need not wait for long. */
export const TEST_TTL_MS = 150;

export type KeyManager = ReturnType<typeof createKeyManager>;

/** Works on the keys of a folder as the command does: over a connection of its own. */
export async function onKeys<T>(
  folder: Pick<Folder, 'file'>,
  work: (keys: KeyManager, store: ApiKeyStore) => Promise<T>,
): Promise<T> {
  const database = await openSqliteDatabase({
    file: folder.file,
    clock: Date.now,
    leaseMs: 0,
    onAppended: () => {},
  });
  try {
    return await work(createKeyManager(database.apiKeys, Date.now), database.apiKeys);
  } finally {
    await database.close();
  }
}

export function makeKey(folder: Pick<Folder, 'file'>, name: string, scopes: readonly Scope[]) {
  return onKeys(folder, (keys) => keys.create(name, scopes, null));
}

export function bearer({ text }: Pick<MadeKey, 'text'>): { authorization: string } {
  return { authorization: `Bearer ${text}` };
}

export function basic({ text }: Pick<MadeKey, 'text'>, user = 'me'): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${user}:${text}`).toString('base64')}` };
}

const log = { info: () => {}, warn: () => {}, debug: () => {} };

/** Access control with keys that tell everything: one for each scope, by name. */
export function accessWithKeys(
  names: Record<string, readonly Scope[]>,
  env: Record<string, string> = {},
): {
  made: Record<string, MadeKey>;
  makeAccess: (store: ApiKeyStore) => Promise<Access>;
} {
  const made: Record<string, MadeKey> = {};
  return {
    made,
    async makeAccess(store) {
      const keys = createKeyManager(store, Date.now);
      for (const [name, scopes] of Object.entries(names)) {
        made[name] = await keys.create(name, scopes, null);
      }
      const config = readConfig({ AUTH: 'on', ...env });
      return createAccess({ config, store, clock: Date.now, log, ttlMs: TEST_TTL_MS });
    },
  };
}
