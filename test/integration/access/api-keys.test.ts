import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiKeyRecord } from '../../../domain/access/access.ts';
import { newApiKey } from '../../../src/access/api-key.ts';
import { createKeyRing } from '../../../src/access/key-ring.ts';
import { createKeyManager } from '../../../src/access/manage-keys.ts';
import { until } from '../../support/children.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';

const DAY = 86_400_000;

describe.each(databaseKinds())('API keys on $name', ({ available, open }) => {
  let database: TestDatabase;
  let now = Date.parse('2026-01-31T12:00:00.000Z');
  const clock = () => now;
  beforeAll(async () => {
    if (available) database = await open({ clock });
  });
  afterAll(() => database?.destroy());

  const keys = () => createKeyManager(database, clock);
  const ring = (ttlMs = 5_000) =>
    createKeyRing({ store: database.apiKeys, clock, ttlMs, onRecordFailed: () => {} });
  const kindOf = async (text: string, of = ring()) => (await of.identify(text)).kind;
  const find = async (id: string): Promise<ApiKeyRecord> => {
    const found = await database.apiKeys.find(id);
    if (!found) throw new Error(`no key ${id}`);
    return found;
  };

  it.skipIf(!available)(
    'come back as they were made, with the hash of the secret only',
    async () => {
      expect(await database.apiKeys.hasAny()).toBe(false);
      const { text, record } = await keys().create('billing', ['process:start', 'admin'], DAY);
      expect(await database.apiKeys.hasAny()).toBe(true);
      expect(await find(record.id)).toEqual(record);
      expect(record.expiresAt).toBe('2026-02-01T12:00:00.000Z');
      const rows = JSON.stringify(await database.knex('api_key').select());
      expect(rows).not.toContain(text.slice(-49));
      expect(await database.apiKeys.find(record.id.toLowerCase())).toBe(null);
    },
  );

  it.skipIf(!available)('identify their owner until the last moment, and no longer', async () => {
    const { text } = await keys().create('short', ['process:read'], 1_000);
    const found = await ring().identify(text);
    expect(found).toMatchObject({ kind: 'known', caller: { name: 'short' } });
    const one = ring();
    now += 999;
    expect(await kindOf(text, one)).toBe('known');
    now += 1;
    expect(await kindOf(text, one), 'also from memory').toBe('invalid');
  });

  it.skipIf(!available)('are refused alike, whatever is wrong with them', async () => {
    const good = await keys().create('probe', ['admin'], null);
    const revoked = await keys().create('probe-3', ['admin'], null);
    await keys().revoke(revoked.record.id);
    const unknown = newApiKey();
    // The right id and checksum, and another secret.
    const idBytes = Buffer.alloc(8, 7);
    const same = (size: number): Buffer => (size === 8 ? idBytes : randomBytes(size));
    const [real, forged] = [newApiKey(same), newApiKey(same)];
    expect(forged.id).toBe(real.id);
    await database.apiKeys.add({ ...good.record, name: 'probe-4', id: real.id, hash: real.hash });
    expect(await kindOf(real.text)).toBe('known');
    const mixed = good.text.slice(0, 16) + real.text.slice(16);
    for (const text of ['', 'fck_', mixed, forged.text, unknown.text, revoked.text]) {
      expect(await ring().identify(text), text).toEqual({ kind: 'invalid' });
    }
    expect(await kindOf(good.text)).toBe('known');
  });

  it.skipIf(!available)('of one name may be two at a time', async () => {
    const first = await keys().create('pair', ['process:start'], 30 * DAY);
    now += DAY;
    const second = await keys().rotate('pair', undefined);
    expect(second.record.scopes).toEqual(['process:start']);
    expect(second.replaces.id).toBe(first.record.id);
    expect(second.record.expiresAt, 'as long to live').toBe(new Date(now + 30 * DAY).toISOString());
    expect([await kindOf(first.text), await kindOf(second.text)]).toEqual(['known', 'known']);
    await expect(keys().rotate('pair', undefined)).rejects.toThrow(
      /two valid keys named pair .*revoke one of them/,
    );
    await expect(keys().create('pair', ['admin'], null)).rejects.toThrow(/two valid keys/);
    await keys().revoke(first.record.id);
    const third = await keys().rotate('pair', null);
    expect(third.replaces.id).toBe(second.record.id);
    now += 31 * DAY;
    expect((await keys().rotate('pair', null)).record.expiresAt, 'an expired one makes room').toBe(
      null,
    );
    await expect(keys().rotate('nobody', null)).rejects.toThrow(/no valid key named nobody/);
  });

  it.skipIf(!available)('of one name stay two, however many are made at once', async () => {
    const first = await keys().create('first', ['admin'], null);
    const made = await Promise.allSettled([1, 2, 3, 4].map(() => keys().rotate('first', null)));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const many = Array.from({ length: 8 }, () => keys().create('many', ['admin'], null));
    const results = await Promise.allSettled(many);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    for (const result of [...made, ...results]) {
      if (result.status === 'rejected') expect(result.reason.message).toMatch(/two valid keys/);
    }
    const named = (await keys().list()).filter(({ name }) => ['first', 'many'].includes(name));
    expect(named).toHaveLength(4);
    expect(await kindOf(first.text)).toBe('known');
  });

  it.skipIf(!available)('are added once by a statement that runs twice', async () => {
    const { record } = await keys().create('again', ['admin'], null);
    expect(await database.apiKeys.add(record)).toBe(true);
    const named = (await keys().list()).filter(({ name }) => name === 'again');
    expect(named).toEqual([record]);
  });

  it.skipIf(!available)('are revoked by id or by the whole key, once', async () => {
    const { text, record } = await keys().create('lost', ['admin'], null);
    const at = new Date(now).toISOString();
    await keys().revoke(text);
    now += 1_000;
    await expect(keys().revoke(record.id)).rejects.toThrow(`was revoked at ${at} already`);
    expect((await find(record.id)).revokedAt).toBe(at);
    await expect(keys().revoke('nothing')).rejects.toThrow('no key with the id nothing');
    await expect(keys().revoke(`${text}x`)).rejects.toThrow(/^(?!.*fck_)/);
  });

  it.skipIf(!available)(
    'stop working within the time for which they are cached, and not before',
    async () => {
      const { text, record } = await keys().create('revoked', ['admin'], null);
      const one = ring();
      const found = await one.identify(text);
      if (found.kind !== 'known') throw new Error('refused');
      await keys().revoke(record.id);
      now += 4_999;
      expect(await kindOf(text, one), 'one look-up serves for five seconds').toBe('known');
      now += 1;
      expect(await kindOf(text, one)).toBe('invalid');
      expect(await found.caller.stillValid(), 'for answers that are open').toBe(false);
    },
  );

  it.skipIf(!available)(
    'that are new are found, though somebody had tried the id before',
    async () => {
      const made = await keys().create('late', ['admin'], null);
      await database.knex('api_key').where({ id: made.record.id }).delete();
      const one = ring();
      expect(one.isNew(made.text)).toBe(true);
      expect(await kindOf(made.text, one)).toBe('invalid');
      expect(one.isNew(made.text), 'no second look-up for it').toBe(false);
      await database.apiKeys.add(made.record);
      now += 5_000;
      expect(await kindOf(made.text, one)).toBe('known');
    },
  );

  it.skipIf(!available)('record their last use, at most once a minute', async () => {
    const { text, record } = await keys().create('used', ['admin'], null);
    const one = ring();
    const began = new Date(now).toISOString();
    await one.identify(text);
    await until(async () => (await find(record.id)).lastUsedAt === began, 'the use is noted');
    now += 59_999;
    await one.identify(text);
    now += 1;
    const minute = new Date(now).toISOString();
    await one.identify(text);
    await until(async () => (await find(record.id)).lastUsedAt !== began, 'the next use is noted');
    expect((await find(record.id)).lastUsedAt, 'not the one before the minute was over').toBe(
      minute,
    );
  });

  it.skipIf(!available)(
    'cannot be checked, and let nobody in, while the database is away',
    async () => {
      const other = await open({ clock });
      const { text } = await createKeyManager(other, clock).create('away', ['admin'], null);
      const one = createKeyRing({ store: other.apiKeys, clock, onRecordFailed: () => {} });
      await other.destroy();
      expect(await kindOf(text, one)).toBe('unavailable');
    },
  );
});
