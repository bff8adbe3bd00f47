import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeedFilter } from '../../../domain/feed/event-feed.ts';
import type { ProcessEvent } from '../../../domain/process/events.ts';
import { fold } from '../../../domain/process/process-state.ts';
import { createCsvEncoder } from '../../../infrastructure/files/csv.ts';
import { createParquetExport } from '../../../infrastructure/files/parquet.ts';
import type { FeedRow } from '../../../infrastructure/sql/feed-rows.ts';
import { encodeName } from '../../../infrastructure/sql/process-name.ts';
import { archivedState, relayAll, soon } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { completed, requested, started, stepCompleted, stepFailed } from '../../support/events.ts';
import { readExport } from '../../support/exported.ts';
import { expectRebuilt, rebuild } from '../../support/rebuild-world.ts';
import { expectExact, rollUp } from '../../support/rollups.ts';
import { expectVerified, verified } from '../../support/verify.ts';

/** Of one byte too many for ASCII, of three each, of four, decomposed, and what a name before these could be. */
const NAMES = ['Prüfung', '注文処理', 'Δ𐐷-1', 'Pru\u0308fung', 'Pr_fung', 'x'.repeat(250)];
const LONGEST = `A${'é'.repeat(42)}.b`;
const ALL = [...NAMES, LONGEST];
const CUT = `${LONGEST}c`;

describe('the form in which tables hold a process name', () => {
  it('is the name itself for every id that was possible before', () => {
    for (const name of ['a', 'onboard-user', 'Process_1x2y3z4', 'invoice.v2', '_a']) {
      expect(encodeName(name)).toBe(name);
    }
    expect(encodeName('Prüfung')).toBe('Pr%C3%BCfung');
  });
});

describe.each(databaseKinds())(
  'processes named in any script on $name',
  { timeout: 300_000 },
  ({ available, open }) => {
    describe.skipIf(!available)('when it is available', () => {
      let database: TestDatabase;
      beforeAll(async () => {
        database = await open();
        for (const [at, processName] of ALL.entries()) {
          for (const id of [`old-${at}`, `ended-${at}`]) await ended(id, processName);
          const failed = stepFailed(`task-${at}`, 1);
          await append(`pending-${at}`, processName, [requested(), started(), failed]);
        }
        await relayAll(database);
        const old = ALL.map((_, at) => `old-${at}`);
        await database.archive.moveBatch({ endedBefore: soon(), limit: 1_000 });
        for (const [at] of ALL.entries()) await database.archive.restore(`ended-${at}`);
        for (const id of old) expect(await archivedState(database, id), id).not.toBeNull();
      }, 300_000);
      afterAll(() => database?.destroy());

      async function ended(id: string, processName: string): Promise<void> {
        const task = stepCompleted(`task-of-${id}`);
        await append(id, processName, [requested(), started(), task, completed()]);
      }

      async function append(
        id: string,
        processName: string,
        events: readonly ProcessEvent[],
      ): Promise<void> {
        const named = events.map((event) => ({ ...event, processName }));
        await database.eventStore.append(id, named);
        await database.processStore.project(id);
      }

      async function fed(filter: FeedFilter) {
        const page = { after: '0', limit: 1_000, filter, archived: true };
        return (await database.eventFeed.page(page)).items.map(({ event }) => event);
      }

      it('come back letter for letter from streams, rows and the feed, live, archived and restored', async () => {
        for (const [at, name] of ALL.entries()) {
          for (const id of [`pending-${at}`, `ended-${at}`, `old-${at}`]) {
            const events = await database.eventStore.readStream(id);
            expect(events[0]?.processName, id).toBe(name);
            expect(fold(events)?.processName, id).toBe(name);
          }
          expect((await database.processStore.get(`pending-${at}`))?.processName).toBe(name);
          expect((await database.processStore.get(`ended-${at}`))?.processName).toBe(name);
          expect((await archivedState(database, `old-${at}`))?.processName).toBe(name);
          const names = new Set((await fed({ processName: name })).map((e) => e.processName));
          expect(names).toEqual(new Set([name]));
        }
        const stored = await database.knex('process_store').where({ correlation_id: 'ended-0' });
        expect(stored[0].process_name).toBe('Pr%C3%BCfung');
      });

      it('are found by their names in lists, and by no other text', async () => {
        const size = { limit: 100, maxBytes: 1_000_000 };
        const listed = async (processName: string) =>
          (await database.processStore.list({ processName, partitions: 'both' }, size)).items.map(
            (process) => process.correlationId,
          );
        for (const [at, name] of ALL.entries()) {
          const ids = [`ended-${at}`, `old-${at}`, `pending-${at}`];
          expect((await listed(name)).sort(), name).toEqual(ids);
        }
        for (const other of ['Pr%C3%BCfung', 'Pr?fung', 'PRÜFUNG', 'prüfung', CUT, '%', '\ud800']) {
          expect(await listed(other), other).toEqual([]);
          expect(await fed({ processName: other }), other).toEqual([]);
        }
      });

      it('G5: are found whole by verify, and have their rows written again by rebuild', async () => {
        const all = await expectVerified(database, { graceMs: 0 });
        expect(all.streams).toBe(3 * ALL.length);
        const wrong = database.knex('process_store').whereIn('correlation_id', ['ended-0']);
        await wrong.clone().update({ current_step: 'nowhere' });
        const of = async (processName: string) =>
          (await verified(database, { graceMs: 0, processName })).differences.map(
            ({ correlationId }) => correlationId,
          );
        expect(await of('注文処理')).toEqual([]);
        expect(await of('Prüfung')).toEqual(['ended-0']);
        const store = await database.openRebuild();
        try {
          expect(await store.hasProcess('Prüfung')).toBe(true);
          expect(await store.hasProcess('Pr%C3%BCfung')).toBe(false);
          await rebuild(store, { processKey: '注文処理' });
          expect(await of('Prüfung')).toEqual(['ended-0']);
          await rebuild(store, { processKey: 'Prüfung' });
          expect(await of('Prüfung')).toEqual([]);
          await rebuild(store);
        } finally {
          await store.close();
        }
        await expectRebuilt(database);
        await expectVerified(database, { graceMs: 0 });
      });

      it('are counted under their names by analytics, from rollups as from events', async () => {
        await rollUp(database);
        await expectExact(database);
        const day = Math.floor(Date.now() / 86_400_000) * 86_400_000;
        const bounds = [day - 86_400_000, day + 86_400_000];
        for (const exact of [true, false]) {
          const question = {
            ...{ bounds, exact, durations: false, groupBy: ['process'] as const },
            types: ['process-requested'] as const,
          };
          const all = await database.analytics.processes(question);
          expect(all.tallies.map(({ group }) => group.process).sort()).toEqual([...ALL].sort());
          const steps = { bounds, exact, groupBy: ['process'] as const, processes: ['Prüfung'] };
          const some = await database.analytics.steps(steps);
          expect(some.tallies.map(({ group }) => group.process)).toEqual(['Prüfung']);
          const none = await database.analytics.steps({ ...steps, processes: ['Pr%C3%BCfung'] });
          expect(none.tallies).toEqual([]);
        }
        const { counted, events } = await database.rollupCheck.counts();
        for (const found of [counted, events]) {
          expect(new Set(found.map(({ processName }) => processName))).toEqual(new Set(ALL));
        }
      });

      it('are shown by their names among the slow and the retried', async () => {
        const { items } = await database.stuckProcesses.retrying(100);
        expect(items.map(({ processName }) => processName).sort()).toEqual([...ALL].sort());
      });

      it('are shown by their names in the columns of an export', async () => {
        const filter = { processName: 'Prüfung' };
        const page = { after: '0', limit: 100, filter, archived: true };
        const { items } = await database.feedRows.page(page);
        expect(items.length).toBeGreaterThan(0);
        for (const [format, encoder] of [
          ['csv', createCsvEncoder(true)],
          ['parquet', createParquetExport()],
        ] as const) {
          const pieces = [...encoder.add(items as FeedRow[]), ...encoder.end(true)];
          const bytes = Buffer.concat(pieces.map((piece) => piece.bytes));
          const rows = await readExport(format, bytes);
          expect(new Set(rows.map((row) => row.process_name)), format).toEqual(
            new Set(['Prüfung']),
          );
        }
      });
    });
  },
);
