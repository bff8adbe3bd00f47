import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databaseKinds, type TestDatabase } from '../support/databases.ts';
import { requested } from '../support/events.ts';

describe.each(databaseKinds())('the outbox on $name', ({ available, open }) => {
  describe.skipIf(!available)('when there is one', () => {
    let now = Date.now();
    let database: TestDatabase;
    beforeEach(async () => {
      now = Date.now();
      database = await open({ clock: () => now });
    });
    afterEach(() => database?.destroy());

    async function append(count: number): Promise<string[]> {
      const ids: string[] = [];
      for (let at = 0; at < count; at++) {
        const { events } = await database.eventStore.append(`o-${at}`, [requested()]);
        ids.push(...events.map((event) => event.id));
      }
      return ids;
    }

    it('gives rows out oldest first, to one caller each', async () => {
      const ids = await append(30);
      const claims = await Promise.all(
        Array.from({ length: 6 }, () => database.outbox.claim(10, 60_000)),
      );
      const claimed = claims.flat().map((row) => row.eventId);
      expect(new Set(claimed).size).toBe(claimed.length);
      expect([...claimed].sort((a, b) => Number(a) - Number(b))).toEqual(ids);
      expect(await database.outbox.claim(10, 60_000)).toEqual([]);
    });

    it('gives a row out again when its lease is over, and says so', async () => {
      await append(1);
      expect(await database.outbox.claim(1, 1_000)).toMatchObject([{ attempts: 0 }]);
      expect(await database.outbox.claim(1, 1_000)).toEqual([]);
      now += 1_001;
      expect(await database.outbox.claim(1, 1_000)).toMatchObject([{ attempts: 1 }]);
    });

    it('keeps a released row back for its pause, with the reason', async () => {
      const ids = await append(1);
      await database.outbox.claim(1, 60_000);
      await database.outbox.release(ids, 'Redis is away', 5_000);
      expect(await database.outbox.claim(1, 60_000)).toEqual([]);
      const row = await database.knex('outbox').first();
      expect(row.last_error).toBe('Redis is away');
      now += 5_001;
      expect(await database.outbox.claim(1, 60_000)).toHaveLength(1);
    });

    it('makes everything due for the only relay there is', async () => {
      await append(3);
      await database.outbox.claim(3, 60_000);
      expect(await database.outbox.releaseAll()).toBe(3);
      expect(await database.outbox.claim(3, 60_000)).toMatchObject([
        { attempts: 1 },
        { attempts: 1 },
        { attempts: 1 },
      ]);
    });

    it('forgets removed rows and tells its depth', async () => {
      const ids = await append(3);
      now += 2_000;
      const { rows, oldestAgeMs } = await database.outbox.depth();
      expect(rows).toBe(3);
      expect(oldestAgeMs).toBeGreaterThan(500);
      await database.outbox.remove(ids);
      expect(await database.outbox.depth()).toEqual({ rows: 0, oldestAgeMs: 0 });
    });
  });
});
