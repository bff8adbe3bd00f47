import sql from 'mssql';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { StoreUnavailableError } from '../../../domain/common/errors.ts';
import type { Outbox } from '../../../domain/outbox/outbox.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import { createPool, type PoolLimits } from '../../../infrastructure/sqlserver/connection.ts';
import { openMssqlDatabase } from '../../../infrastructure/sqlserver/database.ts';
import { createMssqlOutbox } from '../../../infrastructure/sqlserver/outbox.ts';
import { withRetry } from '../../../infrastructure/sqlserver/retry.ts';
import { lockStream } from '../../../infrastructure/sqlserver/stream-lock.ts';
import { streamRows } from '../../../infrastructure/sqlserver/stream-rows.ts';
import { readMssqlUrl } from '../../../infrastructure/sqlserver/target.ts';
import { until } from '../../support/children.ts';
import { completed, requested, stepCompleted } from '../../support/events.ts';
import { openProxied, type ProxiedDatabase } from '../../support/mssql.ts';
import { ATTENTION, type TdsProxy } from '../../support/tds-proxy.ts';

const serverUrl = inject('mssqlUrl');
const SLOW = 60_000;

describe.skipIf(serverUrl === null)('the adapter of SQL Server', { timeout: SLOW }, () => {
  let world: ProxiedDatabase;
  let proxy: TdsProxy;
  let database: Database;
  beforeAll(async () => {
    world = await openProxied(serverUrl ?? '');
    ({ proxy, database } = world);
  });
  afterEach(async () => {
    proxy.intercept(() => 'pass');
    await proxy.restore();
  });
  afterAll(async () => {
    await world?.close();
  });

  it('says at once during an outage from the beginning that nothing was written', async () => {
    await proxy.cut();
    await until(() => rejects(database.ping()), 'the pool has noticed');
    const began = performance.now();
    for (const call of [
      () => database.eventStore.append('nowhere', [requested()]),
      () => database.eventStore.readStream('nowhere'),
      () => database.processStore.get('nowhere'),
      () => database.processStore.list({}, { limit: 10, maxBytes: 1_000_000 }),
      () => database.outbox.claim(10, 1_000),
    ]) {
      const error = await call().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(error).toMatchObject({ outcome: 'nothing-written' });
    }
    expect(performance.now() - began).toBeLessThan(10_000);
    await proxy.restore();
    await database.eventStore.append('nowhere', [requested()]);
    expect(await database.processStore.list({}, { limit: 10, maxBytes: 1_000_000 })).toEqual({
      items: [],
      atEnd: true,
    });
    expect(await database.eventStore.readStream('nowhere')).toHaveLength(1);
  });

  it('sends a reader no more than it takes, and stops the statement when it stops', async () => {
    const size = 100_000;
    const many = Array.from({ length: 80 }, () => completed('x'.repeat(size)));
    await database.eventStore.append('large', many);
    const pool = createPool(readMssqlUrl(proxy.through(world.url)), { max: 1 });
    await pool.connect();
    const begin = proxy.received();
    const statement = "SELECT * FROM event_log WHERE correlation_id = 'large'";
    const reading = streamRows(pool.request(), statement);
    await reading.next();
    let before = -1;
    await until(() => {
      const isSame = before === proxy.received();
      before = proxy.received();
      return isSame;
    }, 'nothing more comes');
    // The rest waits in the server and in the buffers of the sockets; a character is two bytes.
    expect(proxy.received() - begin).toBeLessThan(many.length * size * 2 * 0.9);
    // How soon the server then stops is its own matter.
    await reading.return();
    expect(proxy.messages.at(-1)?.type).toBe(ATTENTION);
    await pool.close();
  });

  it('retries a deadlock victim, and both transactions succeed', async () => {
    const pool = createPool(readMssqlUrl(world.url), { max: 4 });
    await pool.connect();
    try {
      await pool.request().batch('CREATE TABLE locks (name VARCHAR(10) PRIMARY KEY, taken INT)');
      await pool.request().batch("INSERT INTO locks VALUES ('a', 0), ('b', 0)");
      const numbers: unknown[] = [];
      let holders = 0;
      const take = (first: string, second: string) =>
        withRetry(async () => {
          const transaction = pool.transaction();
          await transaction.begin();
          try {
            await lock(transaction, first);
            holders++;
            // Each has its first lock before either asks for its second.
            await until(() => holders >= 2, 'both hold one');
            await lock(transaction, second);
            await transaction.commit();
          } catch (error) {
            numbers.push((error as { number?: unknown }).number);
            await transaction.rollback().catch(() => {});
            throw error;
          }
        });
      await Promise.all([take('a', 'b'), take('b', 'a')]);
      expect(numbers).toEqual([1205]);
      const { recordset } = await pool.request().query('SELECT taken FROM locks ORDER BY name');
      expect(recordset.map(({ taken }) => taken)).toEqual([2, 2]);
    } finally {
      await pool.close();
    }
  });

  /** An outbox with the one connection that its pool may have. */
  async function withOne(limits: Partial<PoolLimits>, use: (outbox: Outbox) => Promise<void>) {
    const url = proxy.through(world.url);
    const pool = createPool(readMssqlUrl(url), { max: 1, ...limits });
    await pool.connect();
    const outbox = createMssqlOutbox(pool);
    try {
      await outbox.depth();
      await use(outbox);
    } finally {
      await pool.close();
    }
  }

  it('fails in time when no connection of the pool is free, and works again', () =>
    withOne({ acquireTimeoutMs: 2_000 }, async (outbox) => {
      proxy.intercept(({ text }) => (text.includes('COUNT(*)') ? 'hang' : 'pass'));
      const hanging = outbox.depth().catch(() => {});
      await until(() => proxy.messages.at(-1)?.text.includes('COUNT(*)'), 'it hangs');
      const began = performance.now();
      const error = await outbox.releaseAll().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(error).toMatchObject({ outcome: 'nothing-written' });
      expect(performance.now() - began).toBeLessThan(10_000);
      proxy.intercept(() => 'pass');
      await proxy.cut();
      await proxy.restore();
      await hanging;
      await outbox.depth();
    }));

  it('gives up a statement in time that takes too long', () =>
    withOne({ requestTimeoutMs: 500, acquireTimeoutMs: 5_000 }, async (outbox) => {
      proxy.intercept(({ text }) => (text.includes('COUNT(*)') ? 'hang' : 'pass'));
      const error = await outbox.depth().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreUnavailableError);
      // Its own time, or that of the attempt to stop it, which nobody answers here.
      expect(error).toMatchObject({ message: expect.stringMatching(/ in 5000?ms$/) });
      proxy.intercept(() => 'pass');
      await until(() => outbox.depth().catch(() => null), 'it works again');
    }));

  it('lets an append wait for the lock of its own stream only', async () => {
    const pool = createPool(readMssqlUrl(proxy.through(world.url)), { max: 1 });
    await pool.connect();
    const holder = pool.transaction();
    await holder.begin();
    try {
      const { eventStore } = database;
      await holder
        .request()
        .query(`DECLARE @lock INT; ${lockStream("'held'")} SELECT @lock AS taken`);
      const order: string[] = [];
      const held = eventStore.append('held', [requested()]).then(() => order.push('held'));
      for (let at = 0; at < 5; at++) {
        await eventStore.append('free', [stepCompleted(`free-${at}`)]);
        order.push('free');
      }
      await holder.commit();
      await held;
      expect(order).toEqual([...Array(5).fill('free'), 'held']);
    } finally {
      await pool.close();
    }
  });

  it('warns when READ_COMMITTED_SNAPSHOT is off, with the statement that turns it on', async () => {
    const warnings: string[] = [];
    const other = await openMssqlDatabase({
      url: world.url,
      clock: Date.now,
      leaseMs: 0,
      onAppended: () => {},
      warn: (message) => warnings.push(message),
    });
    const { database: name } = readMssqlUrl(world.url);
    const [row] = await other
      .knex('sys.databases')
      .where({ name })
      .select('is_read_committed_snapshot_on as is_on');
    await other.close();
    const expected = `ALTER DATABASE [${name}] SET READ_COMMITTED_SNAPSHOT ON`;
    expect(warnings).toEqual(row?.is_on ? [] : [expect.stringContaining(expected)]);
  });
});

async function lock(transaction: sql.Transaction, name: string): Promise<void> {
  await transaction
    .request()
    .input('name', sql.VarChar(10), name)
    .query('UPDATE locks SET taken = taken + 1 WHERE name = @name');
}

async function rejects(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => false,
    () => true,
  );
}
