import type sql from 'mssql';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createPool } from '../../../infrastructure/sqlserver/connection.ts';
import { readMssqlUrl } from '../../../infrastructure/sqlserver/target.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { stepCompleted } from '../../support/events.ts';
import { sought } from '../../support/identifiers.ts';
import { STATEMENTS, type Statement } from '../../support/sql-server-statements.ts';

describe.skipIf(inject('mssqlUrl') === null)('plans on SQL Server', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    const kind = databaseKinds().find(({ name }) => name === 'SQL Server');
    if (!kind) throw new Error('no SQL Server');
    database = await kind.open();
  });
  afterAll(async () => {
    await database?.destroy();
  });

  it('are index seeks that convert no column for look-ups by key', async ({ skip }) => {
    const pool = createPool(readMssqlUrl(database.target), { max: 1 });
    await pool.connect();
    try {
      const { recordset } = await pool
        .request()
        .query("SELECT SERVERPROPERTY('Babelfish') AS is_on");
      if (recordset[0]?.is_on !== null) {
        const why = 'this server gives no plans as SQL Server does; the types above must do';
        process.stderr.write(`\n* SKIPPED: plans of the look-ups: ${why}\n`);
        return skip(why);
      }
      for (const { run } of STATEMENTS) await run(database);
      const many = Array.from({ length: 80 }, (_, at) => stepCompleted(`p-${at}`));
      for (let at = 0; at < 25; at++) {
        const own = many.map((event, nth) => ({ ...event, dedupeKey: `task:p-${at}-${nth}:done` }));
        await database.eventStore.append(`p-${at}`, own);
        await database.processStore.project(`p-${at}`);
      }
      await pool.request().batch('UPDATE STATISTICS event_log; UPDATE STATISTICS process_store');
      // Look-ups are planned again, with statistics of more than a few rows.
      const isLookUp = ({ name }: Statement): boolean => !/^(moveBatch|processKeys)/.test(name);
      for (const { run } of STATEMENTS.slice(2).filter(isLookUp)) await run(database);
      const size = { limit: 5, maxBytes: 1_000_000 };
      for (const text of ['42', '4*']) {
        const filter = { identifiers: [sought('userId', text)], partitions: 'both' as const };
        await database.processStore.list(filter, size);
      }
      const errorCode = { value: 'AWAY', isPrefix: false };
      await database.processStore.list({ errorCode }, size);
      const plans = await cachedPlans(pool);
      for (const look of [
        'FROM event_log\n   WHERE correlation_id',
        'WHERE dedupe_key >= @from',
        'FROM process_store WHERE correlation_id',
        'from process_identifier WITH (FORCESEEK)',
        'from process_identifier_archive WITH (FORCESEEK)',
        '[error_code] = @p',
      ]) {
        const found = plans.filter(({ text }) => text.includes(look));
        expect(found.length, look).toBeGreaterThan(0);
        for (const { plan } of found) expect(plan, look).toMatch(/PhysicalOp="[\w ]*Index Seek"/);
      }
      for (const { plan, text } of plans) expect(plan, text).not.toMatch(CONVERTED_COLUMN);
    } finally {
      await pool.close();
    }
  });
});

/** A column of ours that is converted to be compared with a parameter. */
const CONVERTED_COLUMN =
  /CONVERT_IMPLICIT\([^,]*,(\[\w+\]\.)*\[(event_log|process_store|process_identifier|outbox)\]\.\[(correlation_id|dedupe_key|traceability_id|status|name|value|error_code)\]/;

/** The plans that the server has made for the statements of this database. */
async function cachedPlans(pool: sql.ConnectionPool): Promise<{ text: string; plan: string }[]> {
  const { recordset } = await pool.request().query<{ text: string; plan: string }>(`
SELECT made.text, plans.query_plan AS [plan]
FROM sys.dm_exec_query_stats AS stats
CROSS APPLY sys.dm_exec_sql_text(stats.sql_handle) AS made
CROSS APPLY sys.dm_exec_text_query_plan(stats.plan_handle, 0, -1) AS plans
WHERE plans.dbid = DB_ID() AND plans.query_plan IS NOT NULL`);
  return recordset;
}
