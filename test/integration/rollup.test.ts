import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseKinds, type TestDatabase } from '../support/databases.ts';
import { completed, requested, stepCompleted, stepFailed } from '../support/events.ts';
import { expectExact, rollUp } from '../support/rollups.ts';

describe.each(databaseKinds())('the rollups on $name', ({ available, open }) => {
  describe.skipIf(!available)('when there is one', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database?.destroy());

    it('count every event once', async () => {
      for (let at = 0; at < 20; at++) {
        await database.eventStore.append(`r-${at}`, [requested()]);
        await database.eventStore.append(`r-${at}`, [
          stepFailed(`t-${at}`, 1),
          stepCompleted(`t-${at}`),
        ]);
        await database.eventStore.append(`r-${at}`, [completed()]);
      }
      expect((await rollUp(database)).events).toBe(80);
      await expectExact(database);
      expect((await rollUp(database)).events).toBe(0);
    });
  });
});
