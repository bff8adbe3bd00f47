import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectFolded, expectWhollyInOnePartition, relayAll } from '../support/archive-world.ts';
import { until } from '../support/children.ts';
import { type Killable, startKillable } from '../support/commands.ts';
import { databaseKinds, type TestDatabase } from '../support/databases.ts';
import { completed, requested, started, stepCompleted } from '../support/events.ts';
import { eachOf } from '../support/rebuild-world.ts';

/**
 * `batches`: the archiver is killed after at most so many batches of one process. `further`: how many more it may do
 * until the kill arrives. All kills together archive fewer than all processes. SQL Server gets fewer kills, because each
 * archiver must log in, and a kill there is a lost connection like any other.
 */
const SIZES = {
  SQLite: { kills: 20, processes: 300, batches: 8, further: 6 },
  'SQL Server': { kills: 3, processes: 12, batches: 2, further: 1 },
} as const;
const kinds = databaseKinds().map((kind) => ({ ...kind, ...SIZES[kind.name] }));
const startArchiver = (at: string): Promise<Killable> => startKillable('archiver.ts', at);

describe.each(kinds)('archiving on $name', { timeout: 600_000 }, (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await kind.open();
    });
    afterAll(async () => {
      await database?.destroy();
    });

    it(`G8: archiving killed ${kind.kills} times with -9 leaves every process in one partition`, async () => {
      const ids = Array.from({ length: kind.processes }, (_, at) => `killed-${at}`);
      await eachOf(ids, prepare);
      await relayAll(database);
      let late = 0;
      let next = startArchiver(database.target);
      for (let kill = 0; kill < kind.kills; kill++) {
        const archiver = await next;
        if (kill < kind.kills - 1) next = startArchiver(database.target);
        const batches = Math.ceil(Math.random() * kind.batches);
        archiver.begin(batches + kind.further);
        // Another process appends a late event to a process that may just be archived.
        const id = ids[Math.floor(Math.random() * ids.length)] ?? '';
        await database.eventStore.append(id, [stepCompleted(`late-${kill}`)]);
        late++;
        await archiver.reported(batches);
        await archiver.kill();
        expect(archiver.isDone(), 'the archiver was killed before its end').toBe(false);
        await relayAll(database);
        await database.processStore.project(id);
        await expectWhollyInOnePartition(database);
      }
      const archiver = await startArchiver(database.target);
      archiver.begin();
      await until(() => archiver.isDone(), 'the rest is archived');
      await archiver.kill();
      const processes = [...(await expectWhollyInOnePartition(database)).values()];
      expect(processes).toHaveLength(ids.length);
      expect(processes.filter(({ row }) => !row.archived)).toEqual([]);
      const events = processes.reduce((sum, { events }) => sum + events.archived.length, 0);
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
