import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMasterKeys } from '../../../domain/personal-data/master-keys.ts';
import { moveBatch, relayAll } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { identifiersOf } from '../../support/identifiers.ts';
import { instanceOn, MASTER, PERSON, PERSONAL_EVENTS, storedOf } from '../../support/personal.ts';
import { rebuild } from '../../support/rebuild-world.ts';
import { expectVerified, verified } from '../../support/verify.ts';

const { requested, completed } = PERSONAL_EVENTS;
const ERASED_ROWS = ['userId=42'];

describe.each(databaseKinds())('personal identifiers on $name', ({ name, available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open({ masterKeys: readMasterKeys(MASTER) });
    });
    afterAll(() => database?.destroy());

    /** A process that has ended, with the e-mail of its first event as a personal identifier. */
    async function ended(...ids: string[]): Promise<void> {
      const { eventStore } = instanceOn(database);
      for (const id of ids) await eventStore.append(id, [requested, completed]);
      await database.processStore.projectMany(ids);
      await relayAll(database);
    }
    const hashOf = async (id: string): Promise<string | undefined> => {
      const { live, archived } = await identifiersOf(database, id);
      return [...live, ...archived].find((row) => row.startsWith('email='));
    };

    it('are a hash that is the same in every process, and nothing of the value', async () => {
      await ended('one', 'two');
      const hash = await hashOf('one');
      expect(hash).toMatch(/^email=[\w-]{43} #$/);
      expect(await hashOf('two')).toBe(hash);
      expect((await identifiersOf(database, 'one')).live).toContain('userId=42');
      expect(await storedOf(database, 'one')).not.toContain(PERSON.email);
      await expectVerified(database);
    });

    it('G5: are rebuilt and verified like the others', async () => {
      await ended('rebuilt');
      const before = await identifiersOf(database, 'rebuilt');
      await database.knex('process_identifier').where({ correlation_id: 'rebuilt' }).del();
      const { differences } = await verified(database, { ids: ['rebuilt'] });
      expect(differences).toMatchObject([{ kind: 'identifiers-differ' }]);
      const store = await database.openRebuild();
      await rebuild(store);
      await store.close();
      expect(await identifiersOf(database, 'rebuilt')).toEqual(before);
      await database
        .knex('process_identifier')
        .where({ correlation_id: 'rebuilt', is_hashed: 1 })
        .update({ value: 'forged' });
      expect((await verified(database, { repair: true })).repairs).toMatchObject([{ done: true }]);
      expect(await identifiersOf(database, 'rebuilt')).toEqual(before);
    });

    it('are gone with `erase`, live, archived and in the tables of a rebuild', async () => {
      await ended('archived');
      await moveBatch(database, 100);
      await ended('live');
      const hash = (await hashOf('live'))?.slice('email='.length, -' #'.length) ?? '';
      const store = await database.openRebuild();
      await store.createShadows();
      const [row] = await database.knex('process_identifier').where({ correlation_id: 'live' });
      await database.knex('process_identifier_rebuild').insert({ ...row, is_hashed: 1 });
      for (const id of ['live', 'archived']) {
        await database.processKeys.erase(id);
        expect(Object.values(await identifiersOf(database, id)).flat()).toEqual(ERASED_ROWS);
      }
      expect(await database.knex('process_identifier_rebuild')).toEqual([]);
      await store.drop('shadows', new AbortController().signal);
      // No rebuild brings them back.
      await rebuild(store);
      await store.close();
      expect(Object.values(await identifiersOf(database, 'live')).flat()).toEqual(ERASED_ROWS);
      await expectVerified(database);
      if (name !== 'SQLite') return;
      for (const other of ['one', 'two', 'rebuilt']) await database.processKeys.erase(other);
      await database.processKeys.scrub();
      expect(readFileSync(database.target).includes(hash), 'the hash in the file').toBe(false);
    });

    it('of an erased process are not indexed by a projection that comes late', async () => {
      const { eventStore } = instanceOn(database);
      await eventStore.append('late', [requested, completed]);
      await database.processKeys.erase('late');
      await database.processStore.project('late');
      expect((await identifiersOf(database, 'late')).live).toEqual(ERASED_ROWS);
      await relayAll(database);
      await expectVerified(database);
    });
  });
});

describe('personal identifiers without the master key', () => {
  it('are kept by a rebuild and passed over by verify', async () => {
    const [kind] = databaseKinds();
    const keyed = await kind?.open({ masterKeys: readMasterKeys(MASTER) });
    if (!kind || !keyed) throw new Error('no SQLite');
    await instanceOn(keyed).eventStore.append('kept', [requested, completed]);
    await keyed.processStore.project('kept');
    await relayAll(keyed);
    const before = await identifiersOf(keyed, 'kept');
    expect(before.live).toHaveLength(2);
    const { openSqliteDatabase } = await import('../../../infrastructure/sqlite/database.ts');
    const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
    const keyless = await openSqliteDatabase({ ...options, file: keyed.target });
    await expectVerified(keyless);
    const store = await keyless.openRebuild();
    await rebuild(store);
    await store.close();
    expect(await identifiersOf(keyless, 'kept')).toEqual(before);
    await keyless.close();
    await keyed.destroy();
  });
});
