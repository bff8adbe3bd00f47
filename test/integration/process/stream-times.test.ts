import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredEvent } from '../../../domain/process/events.ts';
import { findPastState } from '../../../domain/process/find-past-state.ts';
import { expectedHash } from '../../../infrastructure/sql/event-hash.ts';
import { archivedState, expectFolded, moveBatch, relayAll } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { completed, requested, started, stepCompleted } from '../../support/events.ts';
import { storedTime } from '../../support/rollups.ts';
import { expectVerified, tamper } from '../../support/verify.ts';

const HOUR_MS = 3_600_000;
const inAnHour = (): string => new Date(Date.now() + HOUR_MS).toISOString();

describe.each(databaseKinds())('times on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database?.destroy());

    /** A process that was requested by a clock an hour ahead of the clock of its later events. */
    async function requestedInAnHour(id: string): Promise<string> {
      const { knex, eventStore } = database;
      const { events } = await eventStore.append(id, [requested()]);
      const at = inAnHour();
      const tools = tamper(database, 'live');
      const row = await tools.row(id, 1);
      const hash = expectedHash({ ...row, created_at: at }, null);
      await tools.update(id, 1, { created_at: storedTime(knex, at), hash });
      expect((await eventStore.readStream(id))[0]).toEqual({ ...events[0], createdAt: at });
      return at;
    }
    const timesOf = (events: readonly StoredEvent[]): string[] =>
      events.map(({ createdAt }) => createdAt);
    const stream = (id: string) => database.eventStore.readStream(id);

    it('G17: do not fall from one event to the next, though the clock was set back or another one is behind', async () => {
      const at = await requestedInAnHour('behind');
      const { events } = await database.eventStore.append('behind', [
        started(),
        stepCompleted('t-1'),
      ]);
      expect(timesOf(events)).toEqual([at, at]);
      await database.eventStore.append('behind', [completed()]);
      expect(timesOf(await stream('behind'))).toEqual([at, at, at, at]);
      await database.processStore.project('behind');
      await expectFolded(database, 'behind');
      expect(await database.processStore.get('behind')).toMatchObject({
        startedAt: at,
        updatedAt: at,
        completedAt: at,
      });
      await relayAll(database);
      await expectVerified(database, { ids: ['behind'] });
    });

    it('G17: find a state at that of its own last event, and give no duration below zero', async () => {
      const at = await requestedInAnHour('at');
      await database.eventStore.append('at', [started(), completed()]);
      await database.processStore.project('at');
      const past = await findPastState(database.eventStore, 'at', { time: at });
      expect(past).toMatchObject({ kind: 'found', state: { status: 'ok', version: 3 } });
      const rows = await database.knex.raw(
        `SELECT ms_since_previous, ms_since_start FROM v_process_timeline WHERE correlation_id = 'at' AND version > 1`,
      );
      for (const row of rows) expect(Object.values(row).map(Number)).toEqual([0, 0]);
      const [process] = await database.knex.raw(
        `SELECT duration_ms FROM v_process_durations WHERE correlation_id = 'at'`,
      );
      expect(Number(process.duration_ms)).toBe(0);
    });

    it('G17: do not fall in an archived stream, and its row follows', async () => {
      const at = await requestedInAnHour('archived');
      await database.eventStore.append('archived', [started(), completed()]);
      await database.processStore.project('archived');
      await relayAll(database);
      expect(
        (await moveBatch(database, 99, new Date(Date.now() + 2 * HOUR_MS).toISOString())).processes,
      ).toBeGreaterThan(0);
      const { events } = await database.eventStore.append('archived', [stepCompleted('late')]);
      expect(timesOf(events)).toEqual([at]);
      expect(events[0]?.archivedAt).toBeDefined();
      expect(timesOf(await stream('archived'))).toEqual([at, at, at, at]);
      expect((await archivedState(database, 'archived'))?.updatedAt).toBe(at);
      await relayAll(database);
      await expectVerified(database, { ids: ['archived'] });
    });

    it('give no duration below zero in views, not even in streams from before times could not fall', async () => {
      const { knex, eventStore } = database;
      await eventStore.append('old', [requested(), started(), completed()]);
      await database.processStore.project('old');
      await knex('event_log')
        .where({ correlation_id: 'old', version: 1 })
        .update({ created_at: storedTime(knex, inAnHour()) });
      await knex('process_store')
        .where({ correlation_id: 'old' })
        .update({ started_at: storedTime(knex, inAnHour()) });
      const rows = await knex.raw(
        `SELECT ms_since_previous, ms_since_start FROM v_process_timeline WHERE correlation_id = 'old' AND version = 2
         UNION ALL SELECT duration_ms, duration_ms FROM v_process_durations WHERE correlation_id = 'old'`,
      );
      expect(rows).toHaveLength(2);
      for (const row of rows) expect(Object.values(row).map(Number)).toEqual([0, 0]);
    });

    it('do not delay the publishing of an event whose stream is ahead of the clock', async () => {
      await relayAll(database);
      await requestedInAnHour('published');
      await database.eventStore.append('published', [started()]);
      const rows = await database.outbox.claim(10, 60_000);
      expect(rows.map(({ eventType }) => eventType)).toEqual([
        'process-requested',
        'process-started',
      ]);
      await database.outbox.remove(rows.map(({ eventId }) => eventId));
    });

    it('do not delay an outbox row that was leased before the clock was set back', async () => {
      const { knex, outbox } = database;
      await database.eventStore.append('leased', [requested()]);
      const [row] = await outbox.claim(10, 30_000);
      expect(await outbox.claim(10, 30_000)).toEqual([]);
      await knex('outbox').update({ available_at: storedTime(knex, inAnHour()) });
      expect(await outbox.claim(10, 30_000)).toMatchObject([{ eventId: row?.eventId }]);
      expect(await outbox.claim(10, 30_000)).toEqual([]);
      await knex('outbox').update({
        available_at: storedTime(knex, inAnHour()),
        created_at: storedTime(knex, inAnHour()),
      });
      expect(await outbox.releaseAll()).toBe(1);
      const due = await knex('outbox').first('available_at');
      expect(Date.parse(new Date(due.available_at).toISOString())).toBeLessThan(
        Date.now() + HOUR_MS / 2,
      );
    });
  });
});
