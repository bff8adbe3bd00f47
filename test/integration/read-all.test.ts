import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredEvent } from '../../domain/process/events.ts';
import { EVENT_COLUMNS } from '../../infrastructure/sql/event-row.ts';
import { databaseKinds, type TestDatabase } from '../support/databases.ts';
import { completed, requested } from '../support/events.ts';

/** Events of about 2 KB; on a server, where each copy costs, enough for several of its pages. */
const MANY = { SQLite: 51_200, 'SQL Server': 12_800 };
const MEGABYTE = 1_048_576;
const SLOW = 120_000;

describe.each(databaseKinds())('reading the whole log on $name', ({ name, available, open }) => {
  const many = MANY[name];
  describe.skipIf(!available)('when there is one', () => {
    let database: TestDatabase;
    let few: StoredEvent[];
    beforeAll(async () => {
      database = await open();
      const { eventStore } = database;
      for (const id of ['a', 'b', 'a']) await eventStore.append(id, [requested(), completed()]);
      few = [...(await eventStore.readStream('a')), ...(await eventStore.readStream('b'))];
      few.sort((one, other) => Number(one.id) - Number(other.id));
      await multiply(database, many);
    }, SLOW);
    afterAll(() => database?.destroy());

    it('gives every event whole and in id order, of all streams', async () => {
      const found: StoredEvent[] = [];
      for await (const event of database.eventStore.readAll({ untilId: few.at(-1)?.id })) {
        found.push(event);
      }
      expect(found).toEqual(few);
    });

    it('begins after one id and ends with another', async () => {
      const ids: string[] = [];
      const range = { afterId: few[1]?.id, untilId: few[3]?.id };
      for await (const { id } of database.eventStore.readAll(range)) ids.push(id);
      expect(ids).toEqual([few[2]?.id, few[3]?.id]);
      const past = { afterId: '999999999' };
      for await (const event of database.eventStore.readAll(past)) expect(event).toBe('none');
    });

    it(`gives ${many} events, once each, in memory that does not grow with them`, {
      timeout: SLOW,
    }, async () => {
      const collect = garbageCollector();
      collect();
      const before = inUse();
      let most = 0;
      let count = 0;
      let last = 0;
      for await (const { id } of database.eventStore.readAll({ afterId: few.at(-1)?.id })) {
        expect(Number(id)).toBeGreaterThan(last);
        last = Number(id);
        if (++count % 5_000 !== 0) continue;
        collect();
        most = Math.max(most, inUse() - before);
      }
      expect(count).toBe(many);
      // All of them are more than twice that.
      expect(most).toBeLessThan(10 * MEGABYTE);
    });

    it('frees what it held when its reader stops early, also by an error', async () => {
      const { eventStore } = database;
      // More often than there are connections for it.
      for (let round = 0; round < 6; round++) {
        const reading = (async () => {
          for await (const event of eventStore.readAll()) {
            expect(event.id).toBe(few[0]?.id);
            if (round % 2 === 0) break;
            throw new Error('enough');
          }
        })();
        if (round % 2 === 0) await reading;
        else await expect(reading).rejects.toThrow('enough');
      }
      // Begun, and never read.
      eventStore.readAll();
      await eventStore.append('after', [requested()]);
      expect(await eventStore.readStream('after')).toHaveLength(1);
    });

    it('lets others write and read while it is being read', async () => {
      const { eventStore } = database;
      let count = 0;
      for await (const event of eventStore.readAll()) {
        expect(Number(event.id)).toBeGreaterThan(0);
        if (++count > 3) break;
        await eventStore.append('meanwhile', [requested()]);
      }
      expect(await eventStore.readStream('meanwhile')).toHaveLength(3);
    });
  });
});

/** Fills the log by copying what is in it, in T-SQL and SQLite alike. */
async function multiply({ eventStore, knex }: TestDatabase, many: number): Promise<void> {
  const text = 'x'.repeat(1_500);
  const event = completed({ text });
  await eventStore.append(
    'many',
    Array.from({ length: 50 }, () => event),
  );
  const columns = EVENT_COLUMNS.join(', ');
  // Keys are unique: the copies have none.
  const copied: Record<string, string> = { version: 'version + ?', dedupe_key: 'NULL' };
  const values = EVENT_COLUMNS.map((name) => copied[name] ?? name).join(', ');
  for (let count = 50; count < many; count *= 2) {
    await knex.raw(
      `INSERT INTO event_log (${columns}) SELECT ${values} FROM event_log WHERE correlation_id = 'many'`,
      [count],
    );
  }
}

function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

function inUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
