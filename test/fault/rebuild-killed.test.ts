import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Database } from '../../infrastructure/sql/database.ts';
import { openMssqlDatabase } from '../../infrastructure/sql/mssql/database.ts';
import { openSqliteDatabase } from '../../infrastructure/sql/sqlite/database.ts';
import { relayAll, soon } from '../support/archive-world.ts';
import { endWithUs, until } from '../support/children.ts';
import { temporaryFolder } from '../support/databases.ts';
import { eachOf } from '../support/each-of.ts';
import { completed, requested, started, stepCompleted } from '../support/events.ts';
import { createTestDatabase } from '../support/mssql.ts';
import { expectCleanedUp, expectRebuilt } from '../support/rebuild-world.ts';

const SCRIPT = fileURLToPath(new URL('../support/rebuilder.ts', import.meta.url));
const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };

interface Target {
  /** What the rebuilder is given. */
  at: string;
  database: Database;
  drop(): Promise<void>;
}

async function sqlite(): Promise<Target> {
  const folder = temporaryFolder();
  const at = join(folder.path, 'test.db');
  const database = await openSqliteDatabase({ ...options, file: at });
  return { at, database, drop: async () => folder.remove() };
}

async function mssql(): Promise<Target> {
  const { url, knexConfig, drop } = await createTestDatabase(inject('mssqlUrl') ?? '');
  return { at: url, database: await openMssqlDatabase({ ...options, url, knexConfig }), drop };
}

const kinds = [
  { name: 'SQLite', available: true, open: sqlite, kills: 15, processes: 300, within: 60 },
  // Each process must log in, and a kill there is a lost connection like any other.
  {
    name: 'SQL Server',
    available: inject('mssqlUrl') !== null,
    open: mssql,
    kills: 3,
    processes: 30,
    within: 300,
  },
];

describe.each(kinds)('rebuilding on $name', { timeout: 180_000 }, (kind) => {
  describe.skipIf(!kind.available)('when there is one', () => {
    let target: Target;
    beforeAll(async () => {
      target = await kind.open();
    });
    afterAll(async () => {
      await target?.database.close();
      await target?.drop();
    });

    it(`G5: ${kind.kills} times killed with -9 at random points, it goes on, and ends as the events say`, async () => {
      const { database } = target;
      const { eventStore, processStore, knex } = database;
      const ids = Array.from({ length: kind.processes }, (_, at) => `killed-${at}`);
      await eachOf(ids, async (id) => {
        const task = stepCompleted(`task-of-${id}`);
        await eventStore.append(id, [requested(), started(), task, completed()]);
        await processStore.project(id);
      });
      await relayAll(database);
      await database.archive.moveBatch({ endedBefore: soon(), limit: kind.processes / 3 });
      await knex('process_store').update({ current_step: 'nowhere' });
      await knex('process_store_archive').update({ current_step: 'nowhere' });
      const began: string[] = [];
      let next = startRebuilder(target.at);
      for (let kill = 0; kill < kind.kills; kill++) {
        const rebuilder = await next;
        next = startRebuilder(target.at);
        rebuilder.begin();
        const id = ids[Math.floor(Math.random() * ids.length)] ?? '';
        await eventStore.append(id, [stepCompleted(`late-${kill}`)]);
        await processStore.project(id);
        // Every other one has done a page at least, unless only the old tables were left to be removed.
        if (kill % 2 === 0) await until(rebuilder.isInPages, 'it has done a page', 60_000);
        await rebuilder.killWithin(kind.within);
        began.push(rebuilder.said());
        // The tables are whole at every moment, the old ones or the new ones.
        const rows = [];
        for (const table of ['process_store', 'process_store_archive']) {
          rows.push(...(await knex(table).select('correlation_id')));
        }
        expect(rows).toHaveLength(ids.length);
      }
      expect(began.filter((said) => said.includes('resumed')).length).toBeGreaterThan(0);
      expect(began.filter((said) => !said.includes('done')).length).toBeGreaterThan(
        kind.kills / 2 - 1,
      );
      const rebuilder = await next;
      rebuilder.begin();
      await until(() => rebuilder.said().includes('done'), 'the rest is rebuilt', 60_000);
      await rebuilder.killWithin(0);
      await expectRebuilt(database);
      await expectCleanedUp(database);
    });
  });
});

/** A rebuilder that is up and waits for its word. */
async function startRebuilder(at: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, at], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  endWithUs(child);
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await until(() => said.includes('ready'), 'a rebuilder is up', 60_000);
  return {
    said: () => said,
    isInPages: () => /^(\d|done)/m.test(said),
    begin: () => void child.stdin.write('go\n'),
    async killWithin(ms: number): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * ms));
      child.kill('SIGKILL');
      await ended;
    },
  };
}
