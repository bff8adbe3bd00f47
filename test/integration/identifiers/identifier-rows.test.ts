import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../domain/common/json.ts';
import type { ProcessEvent } from '../../../domain/process/events.ts';
import {
  emptyTables,
  endedProcess,
  expectWhollyInOnePartition,
  moveBatch,
  relayAll,
} from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { requested, stepCompleted } from '../../support/events.ts';
import { identifiersOf } from '../../support/identifiers.ts';
import { rebuild } from '../../support/rebuild-world.ts';
import { expectVerified, verified } from '../../support/verify.ts';

/** The start of a process with these identifiers. */
function requestedWith(identifiers: JsonObject | undefined): ProcessEvent {
  const event = requested();
  return { ...event, identity: { ...event.identity, identifiers } };
}

const TYPED = { userId: '42', amount: 12.5, express: true, nothing: null, nested: { id: 1 } };
const TYPED_ROWS = ['amount=12.5 12.5', 'express=true', 'userId=42'];

describe.each(databaseKinds())('the index of identifiers on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterEach(() => emptyTables(database));
    afterAll(() => database?.destroy());

    const live = async (id: string): Promise<string[]> => (await identifiersOf(database, id)).live;

    it('has each text, number and boolean that a process is requested with, once', async () => {
      const { eventStore, processStore } = database;
      await eventStore.append('typed', [requestedWith(TYPED)]);
      await eventStore.append('none', [requestedWith(undefined)]);
      await eventStore.append('empty', [requestedWith({})]);
      await processStore.projectMany(['typed', 'none', 'empty']);
      expect(await live('typed')).toEqual(TYPED_ROWS);
      expect(await live('none')).toEqual([]);
      expect(await live('empty')).toEqual([]);
      await eventStore.append('typed', [stepCompleted('typed')]);
      await processStore.project('typed');
      expect(await live('typed')).toEqual(TYPED_ROWS);
      await expectVerified(database);
    });

    it('leaves out names that cannot be searched for, and cuts long values behind what can be', async () => {
      const long = '😀'.repeat(300);
      const identifiers = { 'a b': 'ä', ' a': 'x', 'a ': 'y', ['n'.repeat(101)]: 'z', long };
      await database.eventStore.append('odd', [requestedWith(identifiers)]);
      await database.processStore.project('odd');
      expect(await live('odd')).toEqual(['a b=ä', `long=${'😀'.repeat(256)}`]);
      await expectVerified(database);
    });

    it('G8: moves to the archive and back with its process, and is purged with it', async () => {
      const { archive, purge } = database;
      await endedProcess(database, 'moved', requestedWith(TYPED));
      await endedProcess(database, 'other', requestedWith({ userId: '43' }));
      expect(await moveBatch(database, 100)).toMatchObject({ processes: 2 });
      const archived = { live: [], archived: TYPED_ROWS };
      expect(await identifiersOf(database, 'moved')).toEqual(archived);
      await expectVerified(database);
      expect(await archive.restore('moved')).toBe('restored');
      expect(await identifiersOf(database, 'moved')).toEqual({ live: TYPED_ROWS, archived: [] });
      await expectWhollyInOnePartition(database);
      await expectVerified(database);
      await purge.remove([{ correlationId: 'other', version: 4 }], { keepKeys: true });
      expect(await identifiersOf(database, 'other')).toEqual({ live: [], archived: [] });
    });

    it('G5: a rebuild makes the rows of processes from before there were any, live and archived', async () => {
      await endedProcess(database, 'archived', requestedWith(TYPED));
      await moveBatch(database, 100);
      await database.eventStore.append('running', [requestedWith(TYPED)]);
      await database.processStore.project('running');
      const { knex } = database;
      for (const table of ['process_identifier', 'process_identifier_archive']) {
        await knex(table).del();
      }
      const store = await database.openRebuild();
      await rebuild(store);
      await store.close();
      expect(await live('running')).toEqual(TYPED_ROWS);
      expect(await identifiersOf(database, 'archived')).toEqual({
        live: [],
        archived: TYPED_ROWS,
      });
      await relayAll(database);
      await expectVerified(database);
    });

    it('G5: verify names what differs without its value, and repairs it', async () => {
      const { knex } = database;
      for (const id of ['lost', 'changed', 'more', 'elsewhere', 'right']) {
        await endedProcess(database, id, requestedWith({ userId: '4711', amount: 7 }));
      }
      const of = (id: string, table = 'process_identifier') =>
        knex(table).where({ correlation_id: id });
      await of('lost').del();
      await of('changed').andWhere({ name: 'amount' }).update({ number: 8 });
      const [row] = await of('more').andWhere({ name: 'userId' });
      await knex('process_identifier').insert({ ...row, name: 'forged' });
      await knex('process_identifier_archive').insert(await of('elsewhere'));
      await knex('process_identifier').insert({ ...row, correlation_id: 'nobody' });

      const { differences } = await verified(database, { graceMs: 0 });
      expect(
        differences.map(({ kind, correlationId: id, message }) => [id, kind, message]),
      ).toEqual(
        [
          ['changed', 'process_identifier: amount is not that of the first event'],
          ['elsewhere', 'some are in process_identifier_archive, the events are in event_log'],
          ['lost', 'process_identifier: userId is missing; amount is missing'],
          ['more', 'process_identifier: the first event has no forged'],
          ['nobody', 'there are identifiers, and neither events nor a row'],
        ].map(([id, message]) => [id, 'identifiers-differ', message]),
      );
      expect(JSON.stringify(differences)).not.toContain('4711');

      const { totals } = await verified(database, { repair: true });
      expect(totals).toMatchObject({ differences: 5, repaired: 5, unrepaired: 0 });
      for (const id of ['lost', 'changed', 'more', 'elsewhere', 'right']) {
        const rows = { live: ['amount=7 7', 'userId=4711'], archived: [] };
        expect(await identifiersOf(database, id)).toEqual(rows);
      }
      expect(await live('nobody')).toEqual([]);
      await expectVerified(database);
    });
  });
});
