import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectWhollyInOnePartition, relayAll, soon } from '../support/archive-world.ts';
import { until } from '../support/children.ts';
import { type Killable, startKillable } from '../support/commands.ts';
import { databaseKinds, type TestDatabase, temporaryFolder } from '../support/databases.ts';
import { completed, requested, started, stepCompleted } from '../support/events.ts';
import { readParquet } from '../support/exported.ts';

/** `each`: processes that are archived before each kill, more than a batch. */
const SIZES = {
  SQLite: { kills: 12, each: 12 },
  'SQL Server': { kills: 2, each: 4 },
} as const;
/** The largest number of reports, each of a batch or a new file, before a working process is killed. */
const MAX_REPORTS = 6;
const kinds = databaseKinds().map((kind) => ({ ...kind, ...SIZES[kind.name] }));

describe.each(kinds)('cold archive and purge on $name', { timeout: 600_000 }, (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    const files = temporaryFolder();
    let database: TestDatabase;
    beforeAll(async () => {
      database = await kind.open();
    });
    afterAll(async () => {
      await database?.destroy();
      files.remove();
    });
    const startPurger = (): Promise<Killable> =>
      startKillable('purger.ts', database.target, files.path);

    /** Archives some more processes of two past months. */
    async function archiveMore(round: number): Promise<string[]> {
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

    /** `id version` of every event in complete files; checks their checksums. */
    async function eventsInFiles(): Promise<string[]> {
      const found: string[] = [];
      for (const [name, rows] of await readParquet(files.path, 'events-')) {
        const processes = name.replace('events', 'processes');
        if (!existsSync(join(files.path, `${processes}.sha256`))) continue;
        for (const each of [name, processes]) {
          const sum = createHash('sha256').update(readFileSync(join(files.path, each)));
          const checksum = readFileSync(join(files.path, `${each}.sha256`), 'utf8');
          expect(checksum).toBe(`${sum.digest('hex')}  ${each}\n`);
        }
        found.push(...rows.map((row) => `${row.correlation_id} ${row.version}`));
      }
      return found;
    }

    it(`a purge killed ${kind.kills} times with -9 loses no row and writes none twice`, async () => {
      const all: string[] = [];
      let next = startPurger();
      for (let kill = 0; kill < kind.kills; kill++) {
        all.push(...(await archiveMore(kill)));
        const purger = await next;
        next = startPurger();
        // Every second purger stops at its second report, before its end.
        const isHeld = kill % 2 === 0;
        purger.begin(isHeld ? 2 : undefined);
        await purger.reported(isHeld ? 2 : Math.ceil(Math.random() * MAX_REPORTS));
        await purger.kill();
        if (isHeld) expect(purger.isDone(), 'the purger was killed before its end').toBe(false);
        const there = await expectWhollyInOnePartition(database);
        const inFiles = new Set(await eventsInFiles());
        for (const id of all.filter((each) => !there.has(each))) {
          for (const version of [1, 2, 3, 4]) {
            expect(inFiles.has(`${id} ${version}`), `${id} ${version}`).toBe(true);
          }
        }
      }
      const purger = await next;
      purger.begin();
      await until(() => purger.isDone(), 'the rest is purged');
      await purger.kill();
      expect((await expectWhollyInOnePartition(database)).size).toBe(0);
      const events = await eventsInFiles();
      expect(events.sort()).toEqual(
        all.flatMap((id) => [1, 2, 3, 4].map((v) => `${id} ${v}`)).sort(),
      );
      expect(readdirSync(files.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    });
  });
});
