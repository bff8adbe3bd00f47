import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { requested } from '../../support/events.ts';

describe.each(databaseKinds())('the outbox on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database?.destroy());
    beforeEach(() => database.knex('outbox').del());

    let streams = 0;
    async function append(count: number): Promise<string[]> {
      const ids: string[] = [];
      for (let at = 0; at < count; at++) {
        const { events } = await database.eventStore.append(`o-${streams++}`, [requested()]);
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

    /** Claims once something is due. */
    const claimed = () =>
      until(async () => {
        const rows = await database.outbox.claim(10, 60_000);
        return rows.length > 0 && rows;
      }, 'a row is due');

    it('gives a row out again after its lease, not before, and says so', async () => {
      await append(1);
      const began = Date.now();
      expect(await database.outbox.claim(1, 500)).toMatchObject([{ attempts: 0 }]);
      expect(await claimed()).toMatchObject([{ attempts: 1 }]);
      expect(Date.now() - began).toBeGreaterThanOrEqual(490);
    });

    it('holds a released row back for its delay, with the reason', async () => {
      const ids = await append(1);
      await database.outbox.claim(1, 60_000);
      const began = Date.now();
      await database.outbox.release(ids, 'Redis is away', 500);
      const row = await database.knex('outbox').first();
      expect(row.last_error).toBe('Redis is away');
      expect(await claimed()).toHaveLength(1);
      expect(Date.now() - began).toBeGreaterThanOrEqual(490);
    });

    it('makes everything due for a relay that is the only one', async () => {
      await append(3);
      await database.outbox.claim(3, 60_000);
      expect(await database.outbox.releaseAll()).toBe(3);
      expect(await database.outbox.claim(3, 60_000)).toMatchObject([
        { attempts: 1 },
        { attempts: 1 },
        { attempts: 1 },
      ]);
    });

    it('removes published rows and reports its depth', async () => {
      const ids = await append(3);
      const { rows } = await database.outbox.depth();
      expect(rows).toBe(3);
      await until(async () => (await database.outbox.depth()).oldestAgeMs > 200, 'it ages');
      await database.outbox.remove(ids);
      expect(await database.outbox.depth()).toEqual({ rows: 0, oldestAgeMs: 0 });
    });
  });
});
