import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TakenOverError } from '../../../domain/projection/rebuild-processes.ts';
import type { RebuildStore } from '../../../domain/projection/rebuild-store.ts';
import {
  emptyTables,
  expectWhollyInOnePartition,
  relayAll,
  soon,
} from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { broken, completed, requested, started, stepCompleted } from '../../support/events.ts';
import {
  countsOf,
  eachOf,
  expectCleanedUp,
  expectRebuilt,
  rebuild,
} from '../../support/rebuild-world.ts';

const ids = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${name}-${String(at).padStart(3, '0')}`);

describe.each(databaseKinds())('a rebuild on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let database: TestDatabase;
    let store: RebuildStore;
    beforeAll(async () => {
      database = await kind.open();
      store = await database.openRebuild();
    });
    afterEach(async () => {
      await emptyTables(database);
      await database.knex('checkpoint').del();
    });
    afterAll(async () => {
      await store?.close();
      await database?.destroy();
    });

    /** Processes that have ended, and some that have not. */
    async function processes(name: string, count: number, processName = 'onboard-user') {
      await eachOf(ids(name, count), async (id) => {
        const events = [requested(), started(`instance-of-${id}`), stepCompleted(`task-of-${id}`)];
        const end =
          Number(id.slice(-1)) % 3 === 0 ? [] : [id.endsWith('1') ? broken() : completed()];
        await database.eventStore.append(
          id,
          [...events, ...end].map((event) => ({ ...event, processName })),
        );
        await database.processStore.project(id);
      });
    }

    /** Moves a few that have ended, counted as every move. */
    async function archiveSome(limit: number): Promise<void> {
      await relayAll(database);
      await database.archive.moveBatch({ endedBefore: soon(), limit });
    }

    const rows = (table: string) => database.knex(table).orderBy('correlation_id');

    it('G5: changes nothing where nothing is wrong, and says so', async () => {
      await processes('right', 30);
      await archiveSome(10);
      await database
        .knex('process_store')
        .where({ correlation_id: 'right-000' })
        .update({
          restored_at: new Date('2026-03-01T00:00:00.123Z').toISOString().replace('Z', ''),
        });
      const before = [await rows('process_store'), await rows('process_store_archive')];
      const { outcome, beginnings } = await rebuild(store);
      expect(countsOf(outcome)).toMatchObject({
        processes: 30,
        wrong: 0,
        missing: 0,
        phantom: 0,
      });
      expect(beginnings).toEqual(['new']);
      expect([await rows('process_store'), await rows('process_store_archive')]).toEqual(before);
      await expectCleanedUp(database);
    });

    it('G5: corrects what is wrong, missing or too much, live and in the archive', async () => {
      const { knex } = database;
      await processes('bad', 40);
      await archiveSome(15);
      for (const [table, kept] of [
        ['process_store', 'restored_at'],
        ['process_store_archive', 'archived_at'],
      ] as const) {
        const all: string[] = await knex(table).orderBy('correlation_id').pluck('correlation_id');
        const row = (at: number) => knex(table).where({ correlation_id: all[at] });
        await row(0).update({ status: 'error', error: null });
        await row(1).update({ version: 99 });
        await row(2).update({ data: '{"made":"up"}' });
        await row(3).update({ process_name: 'other', current_step: 'nowhere' });
        await row(4).update({ version: 1 });
        await row(5).del();
        const [found] = await row(6);
        for (const id of ids('phantom', 25)) {
          await knex(table).insert({ ...found, correlation_id: id, [kept]: found[kept] });
        }
      }
      await relayAll(database);
      const { outcome } = await rebuild(store);
      expect(countsOf(outcome)).toMatchObject({
        processes: 40,
        wrong: 10,
        missing: 2,
        phantom: 50,
      });
      await expectRebuilt(database);
      await expectWhollyInOnePartition(database);
      const archived = await rows('process_store_archive');
      expect(archived.filter((row) => row.archived_at === null)).toEqual([]);
      expect(countsOf((await rebuild(store)).outcome)).toMatchObject({ wrong: 0, phantom: 0 });
    });

    it('G5: of one process key leaves the rows of all others as they are', async () => {
      const { knex } = database;
      await processes('mine', 20);
      await processes('other', 20, 'fulfil-order');
      await archiveSome(10);
      await knex('process_store').update({ current_step: 'nowhere' });
      await knex('process_store_archive').update({ current_step: 'nowhere' });
      const [found] = await knex('process_store').where({ process_name: 'fulfil-order' });
      await knex('process_store').insert({ ...found, correlation_id: 'other-phantom' });
      await knex('process_store').insert({
        ...found,
        correlation_id: 'mine-phantom',
        process_name: 'onboard-user',
      });
      const others = async () =>
        (await rows('process_store'))
          .concat(await rows('process_store_archive'))
          .filter((row) => row.process_name === 'fulfil-order');
      const before = await others();
      const { outcome } = await rebuild(store, { processKey: 'onboard-user' });
      expect(countsOf(outcome)).toMatchObject({ processes: 20, wrong: 20, phantom: 1 });
      expect(await others()).toEqual(before);
      await knex('process_store').where({ process_name: 'fulfil-order' }).del();
      await knex('event_log').where({ process_name: 'fulfil-order' }).del();
      await knex('process_store_archive').where({ process_name: 'fulfil-order' }).del();
      await knex('event_log_archive').where({ process_name: 'fulfil-order' }).del();
      for (const table of ['process_identifier', 'process_identifier_archive']) {
        await knex(table).whereLike('correlation_id', 'other-%').del();
      }
      await expectRebuilt(database);
    });

    it('G5: folds a stream that is longer than a page', async () => {
      const { eventStore, processStore } = database;
      await processes('around', 3);
      for (let at = 0; at < 5; at++) {
        const steps = ids(`step-${at}`, 13).map((task) => stepCompleted(task, task));
        await eventStore.append('b-long', steps);
      }
      await processStore.project('b-long');
      await database.knex('process_store').update({ current_step: null });
      const { outcome } = await rebuild(store);
      expect(countsOf(outcome)).toMatchObject({ processes: 4, wrong: 4 });
      await expectRebuilt(database);
    });

    it('G5: resumes after a stop at any page, and starts again with other parameters', async () => {
      await processes('again', 40);
      await archiveSome(10);
      await database.knex('process_store').update({ current_step: 'nowhere' });
      const stopAfter = (pages: number) => {
        const stop = new AbortController();
        let page = 0;
        const onPage = () => {
          page++;
          if (page === pages) stop.abort();
        };
        return { signal: stop.signal, onPage };
      };
      const seen: number[] = [];
      expect((await rebuild(store, stopAfter(3))).outcome.kind).toBe('stopped');
      // What comes meanwhile, before the current position of the rebuild and after it.
      await processes('afterwards', 5);
      await database.eventStore.append('again-000', [stepCompleted('late')]);
      await database.processStore.project('again-000');
      const second = await rebuild(store, {
        ...stopAfter(2),
        onPage: ({ read }) => void seen.push(read),
      });
      expect(second.beginnings).toEqual(['resumed']);
      expect(seen[0]).toBeGreaterThan(3 * 30);
      await expectRebuilt(database);
      await expectCleanedUp(database);

      await rebuild(store, stopAfter(3));
      const other = await rebuild(store, { ...stopAfter(3), madeBy: 'another' });
      expect(other.beginnings).toEqual(['other-parameters']);
      const whole = await rebuild(store, { processKey: 'onboard-user' });
      expect(whole.beginnings).toEqual(['other-parameters']);
      await expectRebuilt(database);
      await expectCleanedUp(database);
    });

    it('G5, G8: keeps processes that move between live and archive meanwhile in one partition', async () => {
      await processes('moving', 40);
      await database.knex('process_store').update({ current_step: 'nowhere' });
      let moves = 3;
      const beginnings: string[] = [];
      // Whatever keeps them apart, a lock may get lost.
      const { outcome } = await rebuild(store, {
        onBegin: (how) => void beginnings.push(how),
        onPage: async () => {
          if (moves-- > 0) await archiveSome(3);
        },
      });
      expect(beginnings).toContain('moved');
      expect(countsOf(outcome).processes).toBe(40);
      await expectRebuilt(database);
      await expectWhollyInOnePartition(database);
    });

    it('G4, G5: ends under live load as the live projection, for every process', async () => {
      const { eventStore, processStore, knex } = database;
      await processes('old', 30);
      await archiveSome(8);
      await knex('process_store').update({ started_at: '2020-01-01T00:00:00.000' });
      let done = false;
      const written = new Set<string>();
      const writer = async (name: string): Promise<void> => {
        for (let at = 0; !done; at++) {
          // Some are new, some continue, and those in the archive continue there.
          const id =
            at % 3 === 0 ? `${name}-${at}` : `old-${String((at * 7) % 30).padStart(3, '0')}`;
          written.add(id);
          await eventStore.append(id, [stepCompleted(`${name}-${at}`, `step-${at}`)]);
          await processStore.project(id);
        }
      };
      const writers = ['a', 'm', 'z'].map(writer);
      const rebuilds = [];
      // As often as it takes for much to be written meanwhile: either may be the faster one.
      do {
        rebuilds.push((await rebuild(store)).outcome.kind);
      } while (rebuilds.length < 3 || written.size <= 20);
      done = true;
      await Promise.all(writers);
      expect([...new Set(rebuilds)]).toEqual(['swapped']);
      await expectRebuilt(database);
    });

    it('G5: has in the new table what is projected between the last round and the swap', async () => {
      const { eventStore, processStore } = database;
      await processes('last', 12);
      await archiveSome(4);
      const late = async (id: string) => {
        await eventStore.append(id, [stepCompleted(`late-${id}`, 'late')]);
        await processStore.project(id);
      };
      await rebuild({
        ...store,
        async exclusively(work) {
          await eachOf([...ids('last', 12), 'brand-new'], late);
          return store.exclusively(work);
        },
      });
      await expectRebuilt(database);
    });

    it('is taken over by another run at once, and ends then', async () => {
      await processes('twice', 20);
      let second: ReturnType<typeof rebuild> | undefined;
      const first = rebuild(store, {
        onPage: () => {
          second ??= rebuild(store);
        },
      });
      const ends = await Promise.allSettled([first]);
      const [end] = ends;
      // The run that began last reaches the end.
      if (end?.status === 'rejected') expect(end.reason).toBeInstanceOf(TakenOverError);
      await second?.catch((error) => expect(error).toBeInstanceOf(TakenOverError));
      await rebuild(store);
      await expectRebuilt(database);
    });
  });
});
