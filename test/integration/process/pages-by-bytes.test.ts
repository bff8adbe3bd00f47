import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { completed } from '../../support/events.ts';

const TEXT = 'x'.repeat(100_000);
/** Reached by the second row. */
const SIZE = { limit: 100, maxBytes: 150_000 };

describe.each(databaseKinds())('a page that ends by bytes, on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
      const { eventStore, processStore } = database;
      const large = (nth: number) => completed({ nth, text: TEXT });
      for (let nth = 1; nth <= 5; nth++) {
        await eventStore.append('long', [large(nth)]);
        await eventStore.append(`one-${nth}`, [large(nth)]);
        await processStore.project(`one-${nth}`);
      }
    });
    afterAll(() => database?.destroy());

    /** The lengths of all pages, each behind the last item of the one before. */
    async function lengths<Item>(
      read: (last?: Item) => Promise<{ items: Item[]; atEnd: boolean }>,
    ): Promise<number[]> {
      const found: number[] = [];
      for (let last: Item | undefined; ; ) {
        const { items, atEnd } = await read(last);
        found.push(items.length);
        last = items.at(-1);
        if (atEnd) return found;
      }
    }

    it('has everything of a stream, a trace, the list and the feed in the end, some at a time', async () => {
      const { eventStore, processStore, eventFeed } = database;
      expect(
        await lengths((last?: { version: number }) =>
          eventStore.pageStream('long', { afterVersion: last?.version ?? 0, ...SIZE }),
        ),
      ).toEqual([2, 2, 1]);
      expect(
        await lengths((last?: { id: string }) =>
          eventStore.findByTrace('trace-1', { afterId: last?.id, ...SIZE }),
        ),
      ).toEqual([2, 2, 2, 2, 2, 0]);
      expect(
        await lengths((last?: { updatedAt: string; correlationId: string }) =>
          processStore.list({}, SIZE, last),
        ),
      ).toEqual([2, 2, 1]);
      const wanted = { filter: {}, archived: true, ...SIZE };
      expect(
        await lengths((last?: { position: string }) =>
          eventFeed.page({ after: last?.position ?? '0', ...wanted }),
        ),
      ).toEqual([2, 2, 2, 2, 2]);
    });

    it('has one row at least, however long', async () => {
      const page = await database.eventStore.pageStream('long', {
        afterVersion: 0,
        limit: 9,
        maxBytes: 1,
      });
      expect([page.items.length, page.atEnd]).toEqual([1, false]);
    });
  });
});
