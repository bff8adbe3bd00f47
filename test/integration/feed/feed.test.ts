import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeedFilter } from '../../../domain/feed/event-feed.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { requested } from '../../support/events.ts';

describe.each(databaseKinds())('the feed on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database?.destroy());

    async function readOn(after: string, filter: FeedFilter = {}, limit = 3) {
      const events = [];
      for (let position = after; ; ) {
        const page = await database.eventFeed.page({
          after: position,
          limit,
          filter,
          archived: false,
        });
        events.push(...page.items);
        position = page.lookedTo;
        if (page.atEnd) return { events, position };
      }
    }

    it('gives every event once, in pages', async () => {
      expect(await readOn('0')).toEqual({ events: [], position: '0' });
      const written: string[] = [];
      for (let at = 0; at < 10; at++) {
        const { events } = await database.eventStore.append(`feed-${at}`, [requested()]);
        written.push(...events.map(({ id }) => id));
      }
      const { events, position } = await readOn('0');
      expect(events.map(({ event }) => event.id)).toEqual(written);
      expect(await readOn(position)).toEqual({ events: [], position });
      expect(await database.eventFeed.head()).toBe(position);
      const one = await readOn('0', { correlationId: 'feed-4' });
      expect(one.events.map(({ event }) => event.correlationId)).toEqual(['feed-4']);
    });
  });
});
