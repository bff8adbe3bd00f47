import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../domain/common/json.ts';
import type { SoughtIdentifier } from '../../../domain/identifiers/sought-identifier.ts';
import { readMasterKeys } from '../../../domain/personal-data/master-keys.ts';
import type { ProcessEvent } from '../../../domain/process/events.ts';
import type { ProcessCursor, ProcessFilter } from '../../../domain/process/process-store.ts';
import { moveBatch, relayAll } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { broken, completed, requested } from '../../support/events.ts';
import { sought } from '../../support/identifiers.ts';
import { instanceOn, MASTER, PERSON } from '../../support/personal.ts';

/** More than are looked up and sorted. */
const MANY = 5_050;

describe.each(databaseKinds())('the search by business data on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', { timeout: 120_000 }, () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open({ masterKeys: readMasterKeys(MASTER) });
      await begin('a', { userId: '42', country: 'DE', amount: 7 }, completed());
      await begin('b', { userId: '42', country: 'FR' }, broken());
      await begin('c', { userId: '421', country: 'DE' });
      await begin('d', { userId: '43', country: 'ä%_[x]' });
      await begin('e', { email: PERSON.email, userId: '42' }, completed());
      await begin('old-a', { userId: '42', country: 'DE' }, completed());
      await begin('old-b', { userId: '4', country: 'DE' }, broken());
      await relayAll(database);
      const older = ['old-a', 'old-b'];
      await database.knex('process_store').whereIn('correlation_id', older).update({
        updated_at: '2026-01-01T00:00:00.000',
      });
      await moveBatch(database, 10, '2026-02-01T00:00:00.000Z');
    }, 120_000);
    afterAll(() => database?.destroy());

    async function begin(id: string, identifiers: JsonObject, ...end: ProcessEvent[]) {
      const first = requested();
      const events = [first, ...end].map((event) => ({
        ...event,
        identity: { ...first.identity, identifiers },
      }));
      await instanceOn(database).eventStore.append(id, events);
      await database.processStore.project(id);
    }

    /** All that is found, newest first, in pages. */
    async function found(filter: ProcessFilter, limit = 2): Promise<string[]> {
      const ids: string[] = [];
      for (let after: ProcessCursor | undefined; ; ) {
        const size = { limit, maxBytes: 1_000_000 };
        const { items, atEnd } = await database.processStore.list(filter, size, after);
        ids.push(...items.map(({ correlationId }) => correlationId));
        after = items.at(-1);
        if (atEnd || !after) return ids;
      }
    }
    const by = (...identifiers: SoughtIdentifier[]) => found({ identifiers });

    it('finds whole values and their beginnings, and no others', async () => {
      expect(await by(sought('userId', '42'))).toEqual(['e', 'b', 'a']);
      expect(await by(sought('userId', '42*'))).toEqual(['e', 'c', 'b', 'a']);
      expect(await by(sought('userId', '4*'))).toEqual(['e', 'd', 'c', 'b', 'a']);
      expect(await by(sought('country', '*'))).toEqual(['d', 'c', 'b', 'a']);
      expect(await by(sought('country', 'ä%_[x]'))).toEqual(['d']);
      expect(await by(sought('country', 'ä%*'))).toEqual(['d']);
      expect(await by(sought('country', 'd*'))).toEqual([]);
      expect(await by(sought('amount', '7'))).toEqual(['a']);
      expect(await by(sought('userid', '42'))).toEqual([]);
    });

    it('takes several identifiers, which all have to fit, with all other filters', async () => {
      const user = sought('userId', '42*');
      const country = sought('country', 'DE');
      expect(await by(user, country)).toEqual(['c', 'a']);
      expect(await by(country, user, sought('amount', '*'))).toEqual(['a']);
      const identifiers = [user];
      expect(await found({ identifiers, status: 'ok' })).toEqual(['e', 'a']);
      expect(await found({ identifiers, processName: 'onboard-user' })).toHaveLength(4);
      expect(await found({ identifiers, processName: 'another' })).toEqual([]);
      expect(await found({ identifiers, currentStep: 'none' })).toEqual([]);
      expect(await found({ identifiers, to: '2026-02-01T00:00:00.000Z' })).toEqual([]);
    });

    it('finds archived processes as well, and those only', async () => {
      const identifiers = [sought('country', 'DE')];
      expect(await found({ identifiers, partitions: 'archived' })).toEqual(['old-b', 'old-a']);
      expect(await found({ identifiers, partitions: 'both' })).toEqual([
        'c',
        'a',
        'old-b',
        'old-a',
      ]);
    });

    it('finds error codes and their beginnings, alone and with identifiers', async () => {
      const away = { value: 'AWAY', isPrefix: false };
      const begins = { value: 'AW', isPrefix: true };
      expect(await found({ errorCode: away })).toEqual(['b']);
      expect(await found({ errorCode: away, partitions: 'both' }, 1)).toEqual(['b', 'old-b']);
      expect(await found({ errorCode: begins, partitions: 'both' }, 1)).toEqual(['b', 'old-b']);
      expect(await found({ errorCode: { value: 'A', isPrefix: false } })).toEqual([]);
      expect(await found({ errorCode: away, status: 'ok' })).toEqual([]);
      expect(
        await found({ errorCode: away, status: 'error', processName: 'onboard-user' }),
      ).toEqual(['b']);
      const identifiers = [sought('userId', '42')];
      expect(await found({ errorCode: away, identifiers })).toEqual(['b']);
      expect(await found({ errorCode: begins, identifiers })).toEqual(['b']);
      const others = [sought('userId', '43')];
      expect(await found({ errorCode: begins, identifiers: others })).toEqual([]);
    });

    it('finds a personal identifier by its whole value only', async () => {
      expect(await by(sought('email', PERSON.email))).toEqual(['e']);
      expect(await by(sought('email', PERSON.email), sought('userId', '42'))).toEqual(['e']);
      expect(await by(sought('email', `${PERSON.email.slice(0, -1)}*`))).toEqual([]);
      const [row] = await database.knex('process_identifier').where({ is_hashed: 1 });
      expect(await by(sought('email', row.value)), 'the hash itself').toEqual([]);
      expect(await by(sought('email', `${row.value.slice(0, 4)}*`))).toEqual([]);
    });

    it('finds the same where many processes have an identifier', async () => {
      const { knex } = database;
      const [process] = await knex('process_store').where({ correlation_id: 'c' });
      const [identifier] = await knex('process_identifier').where({ correlation_id: 'c' });
      const ids = Array.from({ length: MANY }, (_, at) => `many-${String(at).padStart(5, '0')}`);
      const processes = ids.map((id) => ({ ...process, correlation_id: id, version: 1 }));
      await knex.batchInsert('process_store', processes, 50);
      const identifiers = ids.map((id) => ({ ...identifier, correlation_id: id, name: 'many' }));
      await knex.batchInsert('process_identifier', identifiers, 100);
      const size = { limit: 3, maxBytes: 1_000_000 };
      const many = [sought('many', identifier.value)];
      const page = async (filter: ProcessFilter, after?: ProcessCursor) => {
        const { items } = await database.processStore.list(filter, size, after);
        return items.map(({ correlationId }) => correlationId);
      };
      // As it is stored: a driver may round it.
      const [copy] = await knex('process_store').where({ correlation_id: 'many-00009' });
      const after = {
        updatedAt: new Date(copy.updated_at).toISOString(),
        correlationId: 'many-00009',
      };
      for (const more of [{}, { status: 'pending' as const }, { processName: 'onboard-user' }]) {
        const filter = { identifiers: many, ...more };
        expect(await page(filter)).toEqual(['many-05049', 'many-05048', 'many-05047']);
        expect(await page(filter, after)).toEqual(['many-00008', 'many-00007', 'many-00006']);
      }
      expect(await page({ identifiers: many, status: 'ok' })).toEqual([]);
      expect(await page({ identifiers: [...many, sought('userId', '42*')] })).toEqual([]);
      await knex('process_store').where('correlation_id', 'like', 'many-%').del();
      await knex('process_identifier').where({ name: 'many' }).del();
    });
  });
});
