import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Database } from '../../infrastructure/sql/database.ts';
import { openMssqlDatabase } from '../../infrastructure/sql/mssql/database.ts';
import { openSqliteDatabase } from '../../infrastructure/sql/sqlite/database.ts';
import { expectWhollyInOnePlace, relayAll, soon } from '../support/archive-world.ts';
import { endWithUs, until } from '../support/children.ts';
import { temporaryFolder } from '../support/databases.ts';
import { completed, requested, started, stepCompleted } from '../support/events.ts';
import { createTestDatabase } from '../support/mssql.ts';
import { readParquet } from '../support/parquet.ts';

const SCRIPT = fileURLToPath(new URL('../support/purger.ts', import.meta.url));
const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };

interface Target {
  at: string;
  database: Database;
  drop(): Promise<void>;
}

const kinds = [
  {
    name: 'SQLite',
    available: true,
    kills: 12,
    each: 12,
    /** Longest time until the kill, in milliseconds. */
    within: 80,
    async open(folder: string): Promise<Target> {
      const at = join(folder, 'test.db');
      const database = await openSqliteDatabase({ ...options, file: at });
      return { at, database, drop: async () => {} };
    },
  },
  {
    name: 'SQL Server',
    available: inject('mssqlUrl') !== null,
    kills: 2,
    each: 4,
    within: 400,
    async open(): Promise<Target> {
      const { url, knexConfig, drop } = await createTestDatabase(inject('mssqlUrl') ?? '');
      return { at: url, database: await openMssqlDatabase({ ...options, url, knexConfig }), drop };
    },
  },
];

describe.each(kinds)('a hand-over and purge on $name', { timeout: 180_000 }, (kind) => {
  describe.skipIf(!kind.available)('when there is one', () => {
    const folder = temporaryFolder();
    const files = temporaryFolder();
    let target: Target;
    beforeAll(async () => {
      target = await kind.open(folder.path);
    });
    afterAll(async () => {
      await target?.database.close();
      await target?.drop();
      folder.remove();
      files.remove();
    });

    /** Archives some more processes of two months that are over. */
    async function archiveMore(round: number): Promise<string[]> {
      const { database } = target;
      const ids = Array.from({ length: kind.each }, (_, at) => `p-${round}-${at}`);
      for (const id of ids) {
        const step = stepCompleted(`task-of-${id}`);
        await database.eventStore.append(id, [requested(), started(), step, completed()]);
        await database.processStore.project(id);
      }
      await relayAll(database);
      await database.archive.moveBatch({ endedBefore: soon(), limit: 500 });
      for (const [at, id] of ids.entries()) {
        const time = `2026-0${1 + (at % 2)}-15T00:00:00.000Z`;
        const updated_at = kind.name === 'SQLite' ? time : new Date(time);
        const rows = database.knex('process_store_archive').where('correlation_id', id);
        await rows.update({ updated_at });
      }
      return ids;
    }

    /** `id version` of every event in complete files that are what their checksums say. */
    async function handedOver(): Promise<string[]> {
      const found: string[] = [];
      for (const [name, rows] of await readParquet(files.path, 'events-')) {
        const processes = name.replace('events', 'processes');
        if (!existsSync(join(files.path, `${processes}.sha256`))) continue;
        for (const each of [name, processes]) {
          const sum = createHash('sha256').update(readFileSync(join(files.path, each)));
          const said = readFileSync(join(files.path, `${each}.sha256`), 'utf8');
          expect(said).toBe(`${sum.digest('hex')}  ${each}\n`);
        }
        found.push(...rows.map((row) => `${row.correlation_id} ${row.version}`));
      }
      return found;
    }

    it(`${kind.kills} times killed with -9 at random points, it loses no row and hands none over twice`, async () => {
      const all: string[] = [];
      let cutOff = 0;
      let next = startPurger(target.at, files.path);
      for (let kill = 0; kill < kind.kills; kill++) {
        all.push(...(await archiveMore(kill)));
        const purger = await next;
        next = startPurger(target.at, files.path);
        purger.begin();
        await purger.killSoon(kind.within);
        if (!purger.said().includes('done')) cutOff++;
        const there = await expectWhollyInOnePlace(target.database);
        const inFiles = new Set(await handedOver());
        for (const id of all.filter((each) => !there.has(each))) {
          for (const version of [1, 2, 3, 4]) {
            expect(inFiles.has(`${id} ${version}`), `${id} ${version}`).toBe(true);
          }
        }
      }
      expect(cutOff).toBeGreaterThan(kind.kills / 3);
      const purger = await next;
      purger.begin();
      await until(() => purger.said().includes('done'), 'the rest is purged', 60_000);
      await purger.killSoon(0);
      expect((await expectWhollyInOnePlace(target.database)).size).toBe(0);
      const events = await handedOver();
      expect(events.sort()).toEqual(
        all.flatMap((id) => [1, 2, 3, 4].map((v) => `${id} ${v}`)).sort(),
      );
      expect(readdirSync(files.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    });
  });
});

/** A purger that is up and waits for its word. */
async function startPurger(at: string, folder: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, at, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  endWithUs(child);
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await until(() => said.includes('ready'), 'a purger is up', 60_000);
  return {
    said: () => said,
    begin: () => void child.stdin.write('go\n'),
    async killSoon(within: number): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * within));
      child.kill('SIGKILL');
      await ended;
    },
  };
}
