import type sql from 'mssql';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Database } from '../../../infrastructure/sql/database.ts';
import { createPool } from '../../../infrastructure/sqlserver/connection.ts';
import { openMssqlDatabase } from '../../../infrastructure/sqlserver/database.ts';
import { createMssqlProcessStore } from '../../../infrastructure/sqlserver/process-store.ts';
import { readMssqlUrl } from '../../../infrastructure/sqlserver/target.ts';
import { endedProcess, soon } from '../../support/archive-world.ts';
import { until } from '../../support/children.ts';
import { requested, started, stepCompleted } from '../../support/events.ts';
import { CLEAR_INDEX } from '../../support/identifiers.ts';
import { createTestDatabase, SLOW_SERVER_LIMITS } from '../../support/mssql.ts';
import { expectRebuilt, rebuild } from '../../support/rebuild-world.ts';
import { expectTrueBulkLoads } from '../../support/sql-server-statements.ts';

/** In a batch: reports that it is reached, then waits until the test releases it. */
const GATE = `
EXEC sp_getapplock @Resource = 'arrived', @LockMode = 'Exclusive', @LockOwner = 'Session', @LockTimeout = -1;
EXEC sp_getapplock @Resource = 'gate', @LockMode = 'Shared', @LockOwner = 'Session', @LockTimeout = -1;
EXEC sp_releaseapplock @Resource = 'gate', @LockOwner = 'Session';
EXEC sp_releaseapplock @Resource = 'arrived', @LockOwner = 'Session';`;

/** Where a projection begins to read events, after its rows. */
const READ = 'SELECT e.* FROM';

describe.skipIf(inject('mssqlUrl') === null)('a rebuild on SQL Server', () => {
  let database: Database;
  let pool: sql.ConnectionPool;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const made = await createTestDatabase(inject('mssqlUrl') ?? '');
    const { url, knexConfig } = made;
    drop = made.drop;
    const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
    const limits = SLOW_SERVER_LIMITS;
    database = await openMssqlDatabase({ ...options, url, knexConfig, limits });
    // A statement that timed out at the gate would run again past it.
    pool = createPool(readMssqlUrl(url), limits);
    await pool.connect();
  });
  afterAll(async () => {
    await pool?.close();
    await database?.close();
    await drop?.();
  });

  it('G4, G5: keeps a projection that has read the old row from overwriting the new one', async () => {
    const { eventStore, processStore, knex } = database;
    await eventStore.append('raced', [requested(), started(), stepCompleted('t-1')]);
    await processStore.project('raced');
    await knex('process_store').update({ started_at: '2020-01-01T00:00:00.000' });
    const gate = pool.transaction();
    await gate.begin();
    await gate
      .request()
      .query(
        `DECLARE @lock INT; EXEC @lock = sp_getapplock @Resource = 'gate', @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = -1;`,
      );
    const projecting = gatedStore(pool).project('raced');
    await until(hasArrived, 'the projection has read the row');
    // By now it knows the old row. It will find an event that is newer than both rows.
    const store = await database.openRebuild();
    await rebuild(store);
    await store.close();
    await eventStore.append('raced', [stepCompleted('t-2')]);
    await gate.commit();
    await projecting;
    await expectRebuilt(database);
    expect(await processStore.get('raced')).toMatchObject({ version: 4 });
  });

  it('keeps the checks and keys of the tables, and the grants on them where the server shows them', async () => {
    const { eventStore, processStore, knex } = database;
    await eventStore.append('granted', [requested()]);
    await processStore.project('granted');
    await pool.request().batch('GRANT SELECT ON process_store TO public');
    const before = [await grants(), await checks()];
    const store = await database.openRebuild();
    await rebuild(store);
    await rebuild(store);
    await store.close();
    expect([await grants(), await checks()]).toEqual(before);
    await expect(knex('process_store').update({ data: 'no JSON' })).rejects.toThrow();
    const [row] = await knex('process_store').where({ correlation_id: 'granted' });
    await expect(knex('process_store').insert(row)).rejects.toThrow();
  });

  it('G5: loads rows as the columns of the tables are, with and without NULL', async () => {
    for (const id of ['loaded-live', 'loaded-archived']) await endedProcess(database, id);
    await database.eventStore.append('loaded-live', [stepCompleted('t-3')]);
    await database.archive.moveBatch({ endedBefore: soon(), limit: 10 });
    const store = await database.openRebuild();
    const tables = await expectTrueBulkLoads(pool, () => rebuild(store));
    await store.close();
    expect(tables).toEqual([
      'process_identifier_archive_rebuild',
      'process_identifier_rebuild',
      'process_store_archive_rebuild',
      'process_store_rebuild',
    ]);
  });

  async function hasArrived(): Promise<boolean> {
    const { recordset } = await pool
      .request()
      .query(`SELECT APPLOCK_TEST('public', 'arrived', 'Exclusive', 'Session') AS free`);
    return recordset[0].free === 0;
  }

  async function grants(): Promise<unknown> {
    const { recordset } = await pool.request().query(
      `SELECT permission_name, state_desc, USER_NAME(grantee_principal_id) AS who
       FROM sys.database_permissions WHERE class = 1 AND major_id = OBJECT_ID('process_store')`,
    );
    return recordset;
  }

  async function checks(): Promise<unknown> {
    const { recordset } = await pool
      .request()
      .query(
        `SELECT definition FROM sys.check_constraints WHERE parent_object_id = OBJECT_ID('process_store')`,
      );
    return recordset;
  }
});

/** A process store whose first projection waits between its two reads. */
function gatedStore(pool: sql.ConnectionPool) {
  let first = true;
  const gated = new Proxy(pool, {
    get(target, name) {
      if (name !== 'request') return Reflect.get(target, name);
      return () => {
        const request = target.request();
        const query = request.query.bind(request) as (text: string) => unknown;
        const paused = (text: string): unknown => {
          const stop = first && text.includes(READ);
          if (stop) first = false;
          return query(stop ? text.replace(READ, `${GATE}\n$&`) : text);
        };
        return Object.assign(request, { query: paused });
      };
    },
  });
  const nobody = () => Promise.reject(new Error('nobody asks'));
  return createMssqlProcessStore({
    pool: gated,
    list: nobody,
    countPending: nobody,
    findUnprojected: nobody,
    findUnprojectedEvents: nobody,
    identifierIndex: CLEAR_INDEX,
  });
}
