import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/children.ts';
import { type Killable, startKillable } from '../support/commands.ts';
import { databaseKinds, type TestDatabase } from '../support/databases.ts';
import { randomFrom } from '../support/events.ts';
import { writeStreams } from '../support/rollup-load.ts';
import { expectExact, expectOneGeneration, rollUp } from '../support/rollups.ts';

/** On SQL Server each process must log in, and a kill there is a lost connection like any other. */
const SIZES = {
  SQLite: { kills: 20, streams: 12 },
  'SQL Server': { kills: 4, streams: 6 },
} as const;
/** The largest number of batches before a working process is killed. */
const MAX_BATCHES = 4;
const kinds = databaseKinds().map((kind) => ({ ...kind, ...SIZES[kind.name] }));

describe.each(kinds)('the rollups on $name', { timeout: 600_000 }, (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let database: TestDatabase;
    const random = randomFrom(Date.now());
    beforeAll(async () => {
      database = await kind.open();
    });
    afterAll(() => database?.destroy());

    it(`count every event once although the job is killed ${kind.kills} times with -9`, async () => {
      const start = () => startKillable('rollup-worker.ts', database.target, 'job');
      let next = start();
      for (let kill = 0; kill < kind.kills; kill++) {
        const worker = await next;
        next = start();
        await writeStreams(database, idsOf(`job-${kill}`), random);
        expect(await killAtWork(worker, kill % 2 === 0)).toBe(true);
      }
      await (await next).kill();
      await rollUp(database);
      await expectExact(database);
    });

    it(`G5: are rebuilt correctly although the rebuild is killed ${kind.kills} times with -9`, async () => {
      const start = () => startKillable('rollup-worker.ts', database.target, 'rebuild');
      let wasHeld = false;
      let next = start();
      for (let kill = 0; kill < kind.kills; kill++) {
        const worker = await next;
        next = start();
        const { generation } = await database.rollups.state();
        await database
          .knex('process_rollup')
          .where({ generation, grain: 15 })
          .update({ event_count: 1 });
        expect(await killAtWork(worker, kill % 2 === 0)).toBe(true);
        if (wasHeld) expect(worker.output()).toContain('resumed');
        wasHeld = kill % 2 === 0;
        await writeStreams(database, idsOf(`rebuild-${kill}`).slice(0, 3), random);
        await rollUp(database);
      }
      const worker = await next;
      worker.begin();
      await until(() => worker.isDone(), 'the rest');
      await worker.kill();
      await rollUp(database);
      await expectExact(database);
      await expectOneGeneration(database);
    });

    function idsOf(name: string): string[] {
      return Array.from({ length: kind.streams }, (_, at) => `${name}-${at}`);
    }
  });
});

/**
 * Kills a worker after its first batch, where it is held, or after some batches while it works.
 *
 * @returns false when a held worker has finished all the same
 */
async function killAtWork(worker: Killable, isHeld: boolean): Promise<boolean> {
  worker.begin(isHeld ? 1 : undefined);
  await worker.reported(isHeld ? 1 : Math.ceil(Math.random() * MAX_BATCHES));
  await worker.kill();
  return !(isHeld && worker.isDone());
}
