import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Database } from '../../infrastructure/sql/database.ts';
import { openMssqlDatabase } from '../../infrastructure/sql/mssql/database.ts';
import { openSqliteDatabase } from '../../infrastructure/sql/sqlite/database.ts';
import { expectFolded, expectWhollyInOnePlace, relayAll } from '../support/archive-world.ts';
import { endWithUs, until } from '../support/children.ts';
import { temporaryFolder } from '../support/databases.ts';
import { completed, requested, started, stepCompleted } from '../support/events.ts';
import { createTestDatabase } from '../support/mssql.ts';

const SCRIPT = fileURLToPath(new URL('../support/archiver.ts', import.meta.url));
const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };

interface Target {
  /** What the archiver is given. */
  at: string;
  database: Database;
  drop(): Promise<void>;
}

async function sqlite(): Promise<Target> {
  const folder = temporaryFolder();
  const at = join(folder.path, 'test.db');
  return {
    at,
    database: await openSqliteDatabase({ ...options, file: at }),
    drop: async () => folder.remove(),
  };
}

async function mssql(): Promise<Target> {
  const { url, knexConfig, drop } = await createTestDatabase(inject('mssqlUrl') ?? '');
  return { at: url, database: await openMssqlDatabase({ ...options, url, knexConfig }), drop };
}

const kinds = [
  { name: 'SQLite', available: true, open: sqlite, kills: 20, processes: 300 },
  // Each process must log in, and a kill there is a lost connection like any other.
  {
    name: 'SQL Server',
    available: inject('mssqlUrl') !== null,
    open: mssql,
    kills: 3,
    processes: 12,
  },
];

describe.each(kinds)('archiving on $name', { timeout: 180_000 }, (kind) => {
  describe.skipIf(!kind.available)('when there is one', () => {
    let target: Target;
    beforeAll(async () => {
      target = await kind.open();
    });
    afterAll(async () => {
      await target?.database.close();
      await target?.drop();
    });

    it(`G8: ${kind.kills} times killed with -9 at random points, it leaves every process whole`, async () => {
      const { database } = target;
      const ids = Array.from({ length: kind.processes }, (_, at) => `killed-${at}`);
      await eachOf(ids, prepare);
      await relayAll(database);
      let late = 0;
      let cutOff = 0;
      let next = startArchiver(target.at);
      for (let kill = 0; kill < kind.kills; kill++) {
        const archiver = await next;
        if (kill < kind.kills - 1) next = startArchiver(target.at);
        archiver.begin();
        // Something comes late for processes that are just being archived, from another process.
        const id = ids[Math.floor(Math.random() * ids.length)] ?? '';
        await database.eventStore.append(id, [stepCompleted(`late-${kill}`)]);
        late++;
        await archiver.killSoon();
        if (!archiver.said().includes('done')) cutOff++;
        await relayAll(database);
        await database.processStore.project(id);
        await expectWhollyInOnePlace(database);
      }
      expect(cutOff).toBeGreaterThan(kind.kills / 2);
      const archiver = await startArchiver(target.at);
      archiver.begin();
      await until(() => archiver.said().includes('done'), 'the rest is archived', 60_000);
      await archiver.killSoon();
      const places = [...(await expectWhollyInOnePlace(database)).values()];
      expect(places).toHaveLength(ids.length);
      expect(places.filter(({ row }) => !row.archived)).toEqual([]);
      const events = places.reduce((sum, place) => sum + place.events.archived.length, 0);
      expect(events).toBe(4 * ids.length + late);
      await eachOf(ids, (id) => expectFolded(database, id));

      async function prepare(id: string): Promise<void> {
        const task = stepCompleted(`task-of-${id}`);
        await database.eventStore.append(id, [requested(), started(), task, completed()]);
        await database.processStore.project(id);
      }
    });
  });
});

/** A few at a time: the pool of connections is small. */
async function eachOf(ids: readonly string[], work: (id: string) => Promise<void>): Promise<void> {
  for (let at = 0; at < ids.length; at += 5) await Promise.all(ids.slice(at, at + 5).map(work));
}

/** An archiver that is up and waits for its word. */
async function startArchiver(at: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, at], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  endWithUs(child);
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await until(() => said.includes('ready'), 'an archiver is up', 60_000);
  return {
    said: () => said,
    begin: () => void child.stdin.write('go\n'),
    async killSoon(): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
      child.kill('SIGKILL');
      await ended;
    },
  };
}
