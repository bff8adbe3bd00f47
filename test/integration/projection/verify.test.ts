import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DifferenceKind, REPAIRABLE } from '../../../domain/projection/verification.ts';
import { emptyTables, endedProcess, relayAll, soon } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { requested, started, stepCompleted } from '../../support/events.ts';
import { expectVerified, tamper, verified } from '../../support/verify.ts';

const WHERE = { live: 'process_store', archived: 'process_store_archive' } as const;

describe.each(databaseKinds())('verify on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database?.destroy());
    beforeEach(async () => {
      await emptyTables(database);
      for (const id of ['a', 'b', 'old-a', 'old-b']) await endedProcess(database, id);
      for (const id of ['a', 'b']) await appendTo(id);
      await database.archive.moveBatch({ endedBefore: soon(), limit: 10 });
      await relayAll(database);
      for (const id of ['a', 'b']) await database.processStore.project(id);
    });

    /** Keeps a process out of the archive for now: it is not projected up to its end. */
    const appendTo = (id: string) =>
      database.eventStore.append(id, [stepCompleted(`late-${id}-${randomUUID()}`)]);
    const rows = (partition: keyof typeof WHERE) => database.knex(WHERE[partition]);
    const found = async (options = {}) =>
      (await verified(database, { graceMs: 0, ...options })).differences.map(
        ({ kind, correlationId }) => `${kind} ${correlationId}`,
      );

    it('G5: finds nothing in untouched data', async () => {
      expect(await expectVerified(database)).toMatchObject({ streams: 4, events: 18, unhashed: 0 });
      expect(await expectVerified(database, { pageSize: 1 })).toMatchObject({
        streams: 4,
        lagging: 0,
      });
    });

    it('G5: names the columns of a row that is not the fold of its events, and shows no payload', async () => {
      await rows('live').where({ correlation_id: 'a' }).update({ data: '{"secret":"4711"}' });
      await rows('archived').where({ correlation_id: 'old-b' }).update({ status: 'error' });
      const { differences } = await verified(database);
      expect(differences).toMatchObject([
        { kind: 'row-differs', correlationId: 'a', columns: ['data'] },
        { kind: 'row-differs', correlationId: 'old-b', columns: ['status'] },
      ]);
      expect(differences[1]?.message).toContain('status is "error", not "ok"');
      expect(JSON.stringify(differences)).not.toMatch(/4711|Welcome/);
    });

    it('G5: repairs each kind of row, live and archived, and no event', async () => {
      const { knex } = database;
      await rows('live').where({ correlation_id: 'a' }).update({ status: 'error', version: 2 });
      await rows('live').where({ correlation_id: 'b' }).delete();
      await rows('archived').where({ correlation_id: 'old-a' }).delete();
      await rows('archived')
        .where({ correlation_id: 'old-b' })
        .update({ archived_at: '2001-01-01T00:00:00.000Z', current_step: 'other' });
      const [row] = await rows('live').where({ correlation_id: 'a' });
      await rows('live').insert({ ...row, correlation_id: 'phantom' });
      await rows('live').insert({ ...row, correlation_id: 'old-a' });
      const events = async () => [
        await knex('event_log').orderBy('id'),
        await knex('event_log_archive').orderBy('id'),
      ];
      const before = await events();
      const kinds = await found({ maxLagMs: 0 });
      expect(kinds.sort()).toEqual([
        'archived-at old-b',
        'row-behind a',
        'row-differs a',
        'row-differs old-b',
        'row-misplaced old-a',
        'row-missing b',
        'row-without-events phantom',
      ]);
      const { repairs, totals } = await verified(database, {
        maxLagMs: 0,
        graceMs: 0,
        repair: true,
      });
      expect(repairs.filter(({ done }) => !done)).toEqual([]);
      expect(totals).toMatchObject({ differences: 7, repaired: 5, unrepaired: 0 });
      expect(await expectVerified(database, { maxLagMs: 0 })).toMatchObject({ streams: 4 });
      expect(await events()).toEqual(before);
      const [again] = await verifiedRows('old-b');
      expect(again.archived_at).toEqual(
        before[1]?.find((one) => one.correlation_id === 'old-b')?.archived_at,
      );
    });
    const verifiedRows = (id: string) => rows('archived').where({ correlation_id: id });

    it('G5: repairs no row whose events are damaged, for it is their last trace', async () => {
      const live = tamper(database, 'live');
      await live.update('a', 5, { response_data: '{"forged":true}' });
      await live.remove('b', 5);
      const stored = await rows('live').orderBy('correlation_id');
      const { repairs, totals } = await verified(database, { repair: true });
      expect(repairs).toMatchObject([
        { correlationId: 'a', done: false },
        { correlationId: 'b', done: false, message: expect.stringContaining('removed') },
      ]);
      expect(totals).toMatchObject({ differences: 2, repaired: 0, unrepaired: 2 });
      expect(await rows('live').orderBy('correlation_id')).toEqual(stored);
    });

    it('G8: finds a process with events in both tables, and leaves it', async () => {
      const { knex } = database;
      const [{ id: _, ...event }] = await knex('event_log_archive')
        .where({ correlation_id: 'old-a', version: 4 })
        .select();
      const { archived_at, ...columns } = event;
      await knex('event_log').insert({ ...columns, dedupe_key: 'another' });
      expect(await found({ repair: true })).toContain('in-both old-a');
      expect(await found()).toContain('in-both old-a');
    });

    it('G5: does not report a row whose projection is still due', async () => {
      await database.eventStore.append('young', [requested()]);
      await database.eventStore.append('a', [stepCompleted('new')]);
      expect(await expectVerified(database)).toMatchObject({ streams: 5, lagging: 2 });
      expect(await found({ maxLagMs: 0 })).toEqual([
        'row-behind a',
        'row-missing young',
        'outbox-overdue young',
        'outbox-overdue a',
      ]);
    });

    it('G5: reports no process that looks wrong from page to page and is sound at one moment', async () => {
      const { verification } = database;
      const moving = {
        ...verification,
        async page(...call: Parameters<typeof verification.page>) {
          // As when a process moves between the statements of a page.
          return { ...(await verification.page(...call)), suspects: ['a', 'old-a'] };
        },
      };
      await expectVerified({ verification: moving });
    });

    it('G5: waits a while for a late projection', async () => {
      await appendTo('a');
      const { verification, processStore } = database;
      let looks = 0;
      const late = {
        ...verification,
        async inspect(...call: Parameters<typeof verification.inspect>) {
          const result = await verification.inspect(...call);
          // The first one is of the walk; at the second one it is late still.
          if (++looks === 2) await processStore.project('a');
          return result;
        },
      };
      await relayAll(database);
      await expectVerified({ verification: late }, { maxLagMs: 0, graceMs: 30_000 });
    });

    it('finds rows of the outbox that are overdue, or whose event is missing', async () => {
      await appendTo('a');
      await database.processStore.project('a');
      await appendTo('old-a');
      const now = new Date();
      const created_at = database.kind === 'mssql' ? now : now.toISOString();
      await database.knex('outbox').insert({
        event_id: 4_711,
        correlation_id: 'gone',
        event_type: 'process-requested',
        attempts: 0,
        available_at: created_at,
        created_at,
      });
      expect(await found()).toEqual(['outbox-without-event gone']);
      const { differences } = await verified(database, { maxLagMs: -60_000 });
      expect(differences).toMatchObject([
        { kind: 'outbox-overdue', correlationId: 'a', version: 6 },
        { kind: 'outbox-overdue', correlationId: 'old-a', version: 5 },
        { kind: 'outbox-without-event', correlationId: 'gone', eventId: '4711' },
      ]);
      expect(await found({ ids: ['b'] })).toEqual([]);
    });

    it('checks given processes, those of a definition, and those after an id', async () => {
      await rows('live').where({ correlation_id: 'a' }).update({ status: 'error' });
      expect(await found({ ids: ['b', 'old-a'] })).toEqual([]);
      expect(await found({ ids: ['a', 'never'] })).toEqual(['row-differs a', 'unknown never']);
      expect(await found({ after: 'a' })).toEqual([]);
      expect(await found({ processName: 'onboard-user' })).toEqual(['row-differs a']);
      expect((await verified(database, { processName: 'other' })).totals.streams).toBe(0);
    });

    it('stops where it is told to, and says where that is', async () => {
      const { totals } = await verified(database, { pageSize: 2 }, AbortSignal.abort());
      expect(totals).toMatchObject({ streams: 2, stoppedAt: 'b' });
      expect(await expectVerified(database, { after: 'b' })).toMatchObject({
        streams: 2,
        stoppedAt: null,
      });
    });

    it('G5: reports what is late before it stops, because a run that resumes there does not see it', async () => {
      await rows('live').where({ correlation_id: 'a' }).delete();
      const { totals, differences } = await verified(
        database,
        { pageSize: 2, maxLagMs: 0 },
        AbortSignal.abort(),
      );
      expect(totals).toMatchObject({ stoppedAt: 'b', differences: 1 });
      expect(differences).toMatchObject([{ kind: 'row-missing', correlationId: 'a' }]);
    });

    it('G5: raises no false alarm while processes run, are projected and are archived', async () => {
      let running = true;
      let moved = 0;
      const work = async (name: string): Promise<void> => {
        for (let at = 0; running; at++) {
          const id = `${name}-${at}`;
          await database.eventStore.append(id, [requested(), started()]);
          await database.processStore.project(id);
          await endedProcess(database, `${id}-ended`);
          await database.eventStore.append(`${name}-0-ended`, [stepCompleted(`late-${id}`)]);
          // Or the table would grow faster than it is verified, page by page in turns of the event loop.
          for (let turn = 0; turn < TURNS; turn++) await nextTurn();
        }
      };
      const archive = async (): Promise<void> => {
        while (running) {
          const { processes } = await database.archive.moveBatch({ endedBefore: soon(), limit: 5 });
          moved += processes;
          await relayAll(database);
        }
      };
      const load = Promise.all([work('x'), work('y'), archive()]);
      try {
        for (let run = 0; run < RUNS || moved < MOVED; run++) {
          await expectVerified(database, { pageSize: 3 });
        }
      } finally {
        running = false;
        await load;
      }
      await expectVerified(database);
    });
  });
});

/** Of verify, and processes moved meanwhile, at least. */
const RUNS = 6;
const MOVED = 20;
/** Of the event loop, that writers leave to the verification between two processes. */
const TURNS = 20;

it('verify says of each kind of difference whether it can be repaired', () => {
  const untouched: DifferenceKind[] = ['row-ahead', 'in-both', 'event-altered', 'outbox-overdue'];
  expect(REPAIRABLE.filter((kind) => untouched.includes(kind))).toEqual([]);
});
