import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Database } from '../../../infrastructure/sql/database.ts';
import { createPool } from '../../../infrastructure/sqlserver/connection.ts';
import { openMssqlDatabase } from '../../../infrastructure/sqlserver/database.ts';
import { createMssqlOutbox } from '../../../infrastructure/sqlserver/outbox.ts';
import { readMssqlUrl } from '../../../infrastructure/sqlserver/target.ts';
import { until } from '../../support/children.ts';
import { stepCompleted } from '../../support/events.ts';
import { openProxied, type ProxiedDatabase } from '../../support/mssql.ts';
import type { TdsProxy } from '../../support/tds-proxy.ts';

const serverUrl = inject('mssqlUrl');

describe.skipIf(serverUrl === null)('claims of outbox rows on SQL Server', () => {
  let world: ProxiedDatabase;
  let proxy: TdsProxy;
  let database: Database;
  const open = (url: string) =>
    openMssqlDatabase({ url, clock: Date.now, leaseMs: 0, onAppended: () => {} });
  beforeAll(async () => {
    world = await openProxied(serverUrl ?? '');
    ({ proxy, database } = world);
  });
  afterAll(async () => {
    await world?.close();
  });

  it('never give one row to several relays that claim at the same time', async () => {
    const stores = await Promise.all([1, 2, 3].map(() => open(world.url)));
    try {
      await database.knex.raw('DELETE FROM outbox');
      const ids: string[] = [];
      for (let at = 0; at < 3; at++) {
        const many = Array.from({ length: 30 }, (_, nth) => stepCompleted(`c-${at}-${nth}`));
        const { events } = await database.eventStore.append(`c-${at}`, many);
        ids.push(...events.map(({ id }) => id));
      }
      // Every connection is there, so that all begin at the same moment.
      await Promise.all(stores.flatMap(({ outbox }) => [outbox.depth(), outbox.depth()]));
      const claimed: string[] = [];
      const claimers = stores.flatMap((store) => [store, store]);
      await Promise.all(
        claimers.map(async ({ outbox }) => {
          for (;;) {
            const rows = await outbox.claim(7, 60_000);
            if (rows.length === 0 && claimed.length >= ids.length) return;
            claimed.push(...rows.map(({ eventId }) => eventId));
          }
        }),
      );
      expect(claimed.toSorted(byNumber)).toEqual(ids.toSorted(byNumber));
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
  });

  it('take no row of a claim that is not yet committed', async () => {
    const pool = createPool(readMssqlUrl(world.url), { max: 1 });
    await pool.connect();
    try {
      await database.knex.raw('DELETE FROM outbox');
      const many = Array.from({ length: 5 }, (_, at) => stepCompleted(`meets-${at}`));
      const { events } = await database.eventStore.append('meets', many);
      await Promise.all([database.outbox.depth(), database.outbox.depth()]);
      const transaction = pool.transaction();
      await transaction.begin();
      const first = await createMssqlOutbox(transaction).claim(5, 60_000);
      expect(first).toHaveLength(events.length);
      const claims = proxy.messages.length;
      const second = database.outbox.claim(5, 60_000);
      await until(() => proxy.messages.length > claims, 'the server is asked');
      // It has begun when a later statement is through: it passes the rows over, or waits for them.
      for (let at = 0; at < 10; at++) await database.outbox.depth();
      await transaction.commit();
      expect(await second).toEqual([]);
    } finally {
      await pool.close();
    }
  });
});

function byNumber(one: string, other: string): number {
  return Number(one) - Number(other);
}
