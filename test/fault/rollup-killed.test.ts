import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/children.ts';
import { databaseKinds, type TestDatabase } from '../support/databases.ts';
import { startKillable } from '../support/killable.ts';
import { randomFrom } from '../support/random.ts';
import { writeStreams } from '../support/rollup-load.ts';
import { expectExact, expectOneGeneration, rollUp } from '../support/rollups.ts';

/** On SQL Server each process must log in, and a kill there is a lost connection like any other. */
const SIZES = {
  SQLite: { kills: 20, streams: 12, within: 60 },
  'SQL Server': { kills: 4, streams: 6, within: 300 },
} as const;
const kinds = databaseKinds().map((kind) => ({ ...kind, ...SIZES[kind.name] }));

describe.each(kinds)('the rollups on $name', { timeout: 300_000 }, (kind) => {
  describe.skipIf(!kind.available)('when there is one', () => {
    let database: TestDatabase;
    const random = randomFrom(Date.now());
    beforeAll(async () => {
      database = await kind.open();
    });
    afterAll(() => database?.destroy());

    it(`count every event once though the job is killed with -9, ${kind.kills} times`, async () => {
      const start = () => startKillable('rollup-worker.ts', database.target, 'job');
      let cutOff = 0;
      let next = start();
      for (let kill = 0; kill < kind.kills; kill++) {
        const worker = await next;
        next = start();
        await writeStreams(database, idsOf(`job-${kill}`), random);
        worker.begin();
        // Every other one has done a batch at least.
        if (kill % 2 === 0) await until(() => hasDone(worker.said()), 'a batch', 60_000);
        await worker.killWithin(kind.within);
        if (!worker.said().includes('done')) cutOff++;
      }
      await (await next).killWithin(0);
      expect(cutOff).toBeGreaterThan(kind.kills / 4);
      await rollUp(database);
      await expectExact(database);
    });

    it(`G5: are made anew though the rebuild is killed with -9, ${kind.kills} times`, async () => {
      const start = () => startKillable('rollup-worker.ts', database.target, 'rebuild');
      const said: string[] = [];
      let next = start();
      for (let kill = 0; kill < kind.kills; kill++) {
        const worker = await next;
        next = start();
        const { generation } = await database.rollups.state();
        await database
          .knex('process_rollup')
          .where({ generation, grain: 15 })
          .update({ event_count: 1 });
        worker.begin();
        if (kill % 2 === 0) await until(() => hasDone(worker.said()), 'a batch', 60_000);
        await worker.killWithin(3 * kind.within);
        said.push(worker.said());
        await writeStreams(database, idsOf(`rebuild-${kill}`).slice(0, 3), random);
        await rollUp(database);
      }
      expect(said.filter((text) => text.includes('resumed')).length).toBeGreaterThan(0);
      const worker = await next;
      worker.begin();
      await until(() => worker.said().includes('done'), 'the rest', 60_000);
      await worker.killWithin(0);
      await rollUp(database);
      await expectExact(database);
      await expectOneGeneration(database);
    });

    function idsOf(name: string): string[] {
      return Array.from({ length: kind.streams }, (_, at) => `${name}-${at}`);
    }
  });
});

/** It says a position after each batch. */
function hasDone(said: string): boolean {
  return /^(\d|done)/m.test(said);
}
