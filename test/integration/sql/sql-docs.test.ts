import { readFileSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createPool } from '../../../infrastructure/sqlserver/connection.ts';
import { readMssqlUrl } from '../../../infrastructure/sqlserver/target.ts';
import { endedProcess } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { requested, started, stepFailed } from '../../support/events.ts';
import { rebuild } from '../../support/rebuild-world.ts';
import { insertStepRollups, rollUp } from '../../support/rollups.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
/** The queries of the page; `of` is the database when it is for one alone. */
const QUERIES = [...read('sql.md').matchAll(/```sql( \w+)?\n([\s\S]*?)```/g)].map(
  ([, of = '', query = '']) => ({ of: of.trim(), query }),
);
const SCRIPT = read('sql/read-only-role.sql').split(/^GO$/m);

describe.each(databaseKinds())('the SQL of the docs on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await kind.open();
      await endedProcess(database, 'order-4711');
      await database.eventStore.append('stuck', [requested(), started(), stepFailed('t', 1)]);
      await database.processStore.project('stuck');
      await rollUp(database);
      const month = { grain: 1440, bucket: '2026-01-15T00:00:00.000Z' };
      await insertStepRollups(database.knex, [{ ...month, error: 'away', count: 1 }]);
    });
    afterAll(async () => {
      await database?.destroy();
    });

    it('runs as it is written, and finds something', async () => {
      const own = kind.name === 'SQLite' ? 'sqlite' : 'mssql';
      const mine = QUERIES.filter(({ of }) => of === '' || of === own);
      expect(mine.length).toBeGreaterThanOrEqual(9);
      for (const { query } of mine) {
        const rows: unknown[] = await database.knex.raw(query);
        expect(rows.length, query).toBeGreaterThan(0);
      }
    });

    it.skipIf(kind.name !== 'SQLite')('reads a file that is opened to read only', () => {
      const db = new BetterSqlite3(database.target, { readonly: true });
      try {
        expect(db.prepare('SELECT * FROM v_process_timeline').all().length).toBeGreaterThan(0);
        expect(() => db.exec('DELETE FROM event_log')).toThrow('readonly');
      } finally {
        db.close();
      }
    });

    it.skipIf(kind.name !== 'SQLite')(
      'joins a process with its events by two seeks, by version without a sort, by id with a sort of the found rows',
      async () => {
        const join = QUERIES[0]?.query ?? '';
        expect(join).toContain('JOIN event_log');
        for (const [query, ...sorts] of [
          [join],
          [join.replace('ORDER BY e.version', 'ORDER BY e.id'), 'USE TEMP B-TREE FOR ORDER BY'],
        ]) {
          const rows = await database.knex.raw(`EXPLAIN QUERY PLAN ${query}`);
          expect(rows.map(({ detail }: { detail: string }) => detail)).toEqual([
            expect.stringMatching(/^SEARCH p USING INDEX \S+ \(correlation_id=\?\)$/),
            expect.stringMatching(/^SEARCH e USING INDEX \S+ \(correlation_id=\?\)$/),
            ...sorts,
          ]);
        }
      },
    );
  });
});

describe.skipIf(inject('mssqlUrl') === null)('the role for analysts on SQL Server', () => {
  it('reads the views, also after a rebuild, and neither reads keys nor writes', async () => {
    const kind = databaseKinds().find(({ name }) => name === 'SQL Server');
    const database = await kind?.open();
    if (!database) throw new Error('no SQL Server');
    const login = `analyst_${Date.now()}`;
    const password = `Tests-only-${Date.now()}`;
    const owner = createPool(readMssqlUrl(database.target), { max: 1 });
    await owner.connect();
    const run = (batch: string) => owner.request().batch(batch);
    const refused = /permission|denied/i;
    try {
      await endedProcess(database, 'seen');
      // Twice: it may be run again.
      for (const batch of [...SCRIPT, ...SCRIPT]) {
        await run(batch).catch((error: Error) => {
          if (!error.message.includes("'DENY' is not currently supported")) throw error;
          process.stderr.write('\n* SKIPPED: the denials of the role: this server has none\n');
        });
      }
      await run(`CREATE LOGIN ${login} WITH PASSWORD = '${password}'`);
      await run(`CREATE USER ${login} FOR LOGIN ${login}`);
      await run(`ALTER ROLE fastify_camunda_analyst ADD MEMBER ${login}`);
      const url = new URL(database.target);
      url.username = login;
      url.password = password;
      const analyst = createPool(readMssqlUrl(url.href), { max: 1 });
      await analyst.connect();
      const ask = async (query: string): Promise<unknown[]> =>
        (await analyst.request().query(query)).recordset;
      try {
        const seesAll = async (): Promise<void> => {
          expect(await ask('SELECT * FROM v_process_timeline')).toHaveLength(4);
          expect(await ask('SELECT * FROM v_process_durations')).toHaveLength(1);
          for (const view of ['v_step_stats_hourly', 'v_error_top']) {
            await ask(`SELECT * FROM ${view}`);
          }
        };
        await seesAll();
        for (const table of ['api_key', 'process_key', 'event_log', 'process_store']) {
          await expect(ask(`SELECT * FROM ${table}`), table).rejects.toThrow(refused);
        }
        for (const write of [
          'DELETE FROM event_log',
          `UPDATE v_process_durations SET status = 'ok'`,
          `INSERT INTO checkpoint (name, data, updated_at) VALUES ('x', '{}', SYSUTCDATETIME())`,
        ]) {
          await expect(ask(write), write).rejects.toThrow();
        }
        const { recordset: told } = await owner
          .request()
          .query(
            `SELECT 1 AS one FROM sys.database_permissions WHERE class = 1 AND major_id = OBJECT_ID('v_error_top')`,
          );
        if (told.length === 0) {
          process.stderr.write(
            '\n* SKIPPED: the role after a rebuild: this server tells no grants\n',
          );
          return;
        }
        const store = await database.openRebuild();
        await rebuild(store);
        await store.close();
        await seesAll();
      } finally {
        await analyst.close();
      }
    } finally {
      await run(`DROP LOGIN ${login}`).catch(() => {});
      await owner.close();
      await database.destroy();
    }
  });
});
