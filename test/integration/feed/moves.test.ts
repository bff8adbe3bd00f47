import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFeedRows } from '../../../infrastructure/sql/feed-rows.ts';
import type { ReadQueries } from '../../../infrastructure/sql/read-queries.ts';
import { createSqliteFeedSource } from '../../../infrastructure/sqlite/feed-source.ts';
import { createMssqlFeedSource } from '../../../infrastructure/sqlserver/feed-source.ts';
import { endedProcess, moveBatch } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { requested } from '../../support/events.ts';

describe.each(databaseKinds())('the feed of $name while processes move', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database?.destroy());

    /** Runs one query after the other, and does something behind each. */
    function interrupted(behindEach: () => Promise<void>): ReadQueries {
      let last: Promise<unknown> = Promise.resolve();
      const { reads } = database;
      function inTurn<T>(read: () => Promise<T>): Promise<T> {
        const answer = last.then(async () => {
          const found = await read();
          await behindEach();
          return found;
        });
        last = answer.catch(() => {});
        return answer;
      }
      return {
        ...reads,
        rows: <Row>(...call: Parameters<ReadQueries['rows']>) =>
          inTurn(() => reads.rows<Row>(...call)),
        upTo: <Row>(...call: Parameters<ReadQueries['upTo']>) =>
          inTurn(() => reads.upTo<Row>(...call)),
      };
    }

    it('G9: gives a reader with the archive everything that moves between two statements', async () => {
      await endedProcess(database, 'moving');
      await database.eventStore.append('staying', [requested()]);
      let isLive = true;
      const move = async (): Promise<void> => {
        if (isLive) expect((await moveBatch(database, 1)).processes).toBe(1);
        else await database.archive.restore('moving');
        isLive = !isLive;
      };
      const reads = interrupted(move);
      const source =
        database.kind === 'sqlite' ? createSqliteFeedSource(reads) : createMssqlFeedSource(reads);
      const rows = createFeedRows(reads, source, () =>
        Promise.reject(new Error('nothing is searched for')),
      );
      for (const startsLive of [true, false]) {
        if (isLive !== startsLive) await move();
        const page = await rows.page({ after: '0', limit: 100, filter: {}, archived: true });
        expect(page.items.map((row) => row.correlation_id)).toEqual([
          ...Array.from({ length: 4 }, () => 'moving'),
          'staying',
        ]);
      }
    });
  });
});
