import type sql from 'mssql';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { FedEvent } from '../../../domain/feed/event-feed.ts';
import type { EventStore } from '../../../domain/process/event-store.ts';
import { createPool } from '../../../infrastructure/sqlserver/connection.ts';
import { createMssqlEventStore } from '../../../infrastructure/sqlserver/event-store.ts';
import { readMssqlUrl } from '../../../infrastructure/sqlserver/target.ts';
import { endedProcess, moveBatch } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { requested, stepCompleted } from '../../support/events.ts';
import { expectPositioned, readFeed } from '../../support/feed-reader.ts';
import { verified } from '../../support/verify.ts';

describe.skipIf(inject('mssqlUrl') === null)('positions in the feed on SQL Server', () => {
  let database: TestDatabase;
  let pool: sql.ConnectionPool;
  beforeAll(async () => {
    const kind = databaseKinds().find(({ name }) => name === 'SQL Server');
    if (!kind) throw new Error('no SQL Server');
    database = await kind.open();
    pool = createPool(readMssqlUrl(database.target), { max: 4 });
    await pool.connect();
  });
  afterAll(async () => {
    await pool?.close();
    await database?.destroy();
  });
  let position = '0';
  beforeEach(async () => {
    position = await database.eventFeed.head();
  });

  /** What has come since. */
  async function readOn(): Promise<FedEvent[]> {
    const read = await readFeed(database, { after: position, archived: true });
    position = read.position;
    return read.events;
  }
  const idsOf = (events: readonly { event: { id: string } }[]) =>
    events.map(({ event }) => event.id);

  /** Appends in a transaction that stays open. */
  async function openTransaction(): Promise<EventStore & { commit(): Promise<void> }> {
    const transaction = pool.transaction();
    await transaction.begin();
    const store = createMssqlEventStore({
      // The append's own transaction is within this one, and so does not end before it.
      pool: transaction as unknown as sql.ConnectionPool,
      leaseMs: 0,
      onAppended: () => {},
    });
    return { ...store, commit: () => transaction.commit() };
  }

  it('G9: give an event that is committed after one with a higher id later, and once', async () => {
    const [early, late] = [await openTransaction(), await openTransaction()];
    const lower = await early.append('lower', [requested()]);
    const higher = await late.append('higher', [requested()]);
    const [low, high] = [lower, higher].map(({ events: [event] }) => Number(event?.id));
    expect(low).toBeLessThan(high as number);
    expect(await readOn()).toEqual([]);
    await late.commit();
    const first = await readOn();
    expect(idsOf(first)).toEqual([String(high)]);
    expect(await readOn()).toEqual([]);
    await early.commit();
    const second = await readOn();
    expect(idsOf(second)).toEqual([String(low)]);
    expect(Number(second[0]?.position)).toBeGreaterThan(Number(first[0]?.position));
    expect(await readOn()).toEqual([]);
    await expectPositioned(database);
  });

  it('G9: do the same for an event that comes late for an archived process', async () => {
    await endedProcess(database, 'ended');
    await moveBatch(database, 10);
    await readOn();
    const [early, late] = [await openTransaction(), await openTransaction()];
    await early.append('ended', [stepCompleted('ended-late')]);
    await late.append('not-archived', [requested()]);
    await late.commit();
    expect((await readOn()).map(({ event }) => event.correlationId)).toEqual(['not-archived']);
    await early.commit();
    const [event, ...more] = await readOn();
    expect(more).toEqual([]);
    expect(event?.event).toMatchObject({ correlationId: 'ended', version: 5 });
    expect(event?.event.archivedAt).toBeTruthy();
    await expectPositioned(database);
  });

  it('G9: are not given to what is rolled back, which keeps none from the others', async () => {
    const transaction = pool.transaction();
    await transaction.begin();
    const store = createMssqlEventStore({
      pool: transaction as unknown as sql.ConnectionPool,
      leaseMs: 0,
      onAppended: () => {},
    });
    await store.append('rolled-back', [requested()]);
    const { events } = await database.eventStore.append('kept', [requested()]);
    await transaction.rollback();
    expect(idsOf(await readOn())).toEqual(events.map(({ id }) => id));
    await expectPositioned(database);
  });

  it('G9: are verified: an event that no reader gets is found and repaired', async () => {
    const found = async (repair = false) => {
      const { differences, repairs } = await verified(database, { graceMs: 0, repair });
      const missing = differences.filter(({ kind }) => kind === 'event-without-position');
      return { missing, repaired: repairs.filter(({ message }) => message.includes('position')) };
    };
    await database.eventStore.append('unplaced', [requested(), stepCompleted('unplaced')]);
    // As an instance of an older release would leave it.
    await database.knex('unpositioned_event').del();
    expect(await readOn()).toEqual([]);
    expect((await found()).missing).toMatchObject([
      { correlationId: 'unplaced', version: 1 },
      { correlationId: 'unplaced', version: 2 },
    ]);
    expect((await found(true)).repaired).toHaveLength(2);
    expect(await found()).toEqual({ missing: [], repaired: [] });
    expect((await readOn()).map(({ event }) => event.version)).toEqual([1, 2]);
    await expectPositioned(database);
  });

  it('G9: are given to more events than get theirs at once, in the order of each stream', async () => {
    const many = Array.from({ length: 27 }, (_, at) => at);
    for (const at of many) {
      const events = Array.from({ length: 80 }, (_, nth) => stepCompleted(`many-${at}-${nth}`));
      await database.eventStore.append(`many-${at}`, events);
    }
    const events = await readOn();
    expect(events).toHaveLength(27 * 80);
    expect(await database.eventFeed.head()).toBe(position);
    await expectPositioned(database);
  });

  it('are not given again when their events are purged', async () => {
    await endedProcess(database, 'purged');
    await moveBatch(database, 100);
    const events = await readOn();
    expect(events).toHaveLength(4);
    const head = await database.eventFeed.head();
    const purged = [{ correlationId: 'purged', version: 4 }];
    expect(await database.purge.remove(purged, { keepKeys: false })).toMatchObject({ events: 4 });
    expect(await database.eventFeed.head()).toBe(head);
    await expectPositioned(database);
    await database.eventStore.append('after-the-purge', [requested()]);
    const [next] = await readOn();
    expect(next).toMatchObject({ position: String(Number(head) + 1) });
  });
});
