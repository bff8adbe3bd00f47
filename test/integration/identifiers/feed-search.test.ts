import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeedFilter } from '../../../domain/feed/event-feed.ts';
import { readMasterKeys } from '../../../domain/personal-data/master-keys.ts';
import type { ProcessEvent } from '../../../domain/process/events.ts';
import { buildFeedQuery } from '../../../infrastructure/sql/feed-query.ts';
import { createFeedSearch } from '../../../infrastructure/sql/feed-search.ts';
import { createSqliteFeedSource } from '../../../infrastructure/sqlite/feed-source.ts';
import { moveBatch, relayAll, sqliteSearch } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { broken, cancelled, completed, requested, stepFailed } from '../../support/events.ts';
import { CLEAR_INDEX, sought } from '../../support/identifiers.ts';
import { instanceOn, MASTER, PERSON } from '../../support/personal.ts';

describe.each(databaseKinds())('the feed by business data on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open({ masterKeys: readMasterKeys(MASTER) });
      await append('archived', { userId: '42' }, completed());
      await database.processStore.project('archived');
      await relayAll(database);
      await moveBatch(database, 10);
      await append('failed', { userId: '42', email: PERSON.email }, stepFailed('f', 1), broken());
      await append('cancelled', { userId: '43' }, cancelled());
      await database.processStore.projectMany(['failed', 'cancelled']);
      // Not projected: their outbox rows are still there.
      await append('fresh', { userId: '42' });
      await append('fresh-personal', { email: PERSON.email });
      await append('fresh-other', { userId: '421' });
    });
    afterAll(() => database?.destroy());

    async function append(id: string, identifiers: object, ...more: ProcessEvent[]) {
      const first = requested();
      const events = [first, ...more].map((event) => ({
        ...event,
        identity: { ...first.identity, identifiers: { ...identifiers } },
      }));
      await instanceOn(database).eventStore.append(id, events);
    }

    /** The events that a reader gets, in pages of two. */
    async function read(filter: FeedFilter, archived = false): Promise<string[]> {
      const found: string[] = [];
      for (let after = '0'; ; ) {
        const page = await database.eventFeed.page({ after, limit: 2, filter, archived });
        found.push(...page.items.map(({ event }) => `${event.correlationId} ${event.version}`));
        after = page.lookedTo;
        if (page.atEnd) return found;
      }
    }
    const by = (name: string, text: string) => ({ identifiers: [sought(name, text)] });

    it('G9: has all events of the processes, projected or not, and no others', async () => {
      const live = ['failed 1', 'failed 2', 'failed 3', 'fresh 1'];
      expect(await read(by('userId', '42'))).toEqual(live);
      expect(await read(by('userId', '42'), true)).toEqual(['archived 1', 'archived 2', ...live]);
      expect(await read(by('userId', '42*'))).toEqual([...live, 'fresh-other 1']);
      expect(await read(by('userId', '44'))).toEqual([]);
      expect(await read({ ...by('userId', '42'), types: ['step-failed'] })).toEqual(['failed 2']);
      expect(await read({ ...by('userId', '42'), correlationId: 'cancelled' })).toEqual([]);
    });

    it('G9: finds a personal identifier by its whole value, projected or not', async () => {
      expect(await read(by('email', PERSON.email))).toEqual([
        ...['failed 1', 'failed 2', 'failed 3'],
        'fresh-personal 1',
      ]);
      expect(await read(by('email', `${PERSON.email.slice(0, 3)}*`))).toEqual([]);
      const both = [sought('email', PERSON.email), sought('userId', '42')];
      expect(await read({ identifiers: both })).toEqual(['failed 1', 'failed 2', 'failed 3']);
    });

    it('has the events with an error code, whole or by its beginning', async () => {
      const code = (value: string, isPrefix = false) => ({ errorCode: { value, isPrefix } });
      expect(await read(code('REMOTE_503'))).toEqual(['failed 2']);
      expect(await read(code('AWAY'))).toEqual(['failed 3']);
      expect(await read(code('CANCELLED'))).toEqual(['cancelled 2']);
      expect(await read(code('', true))).toEqual(['failed 2', 'failed 3', 'cancelled 2']);
      expect(await read({ ...code('REMOTE_', true), ...by('userId', '42') })).toEqual(['failed 2']);
      expect(await read({ ...code('AWAY'), ...by('userId', '43') })).toEqual([]);
      expect(await read({ ...code('AWAY'), status: 'ok' })).toEqual([]);
    });
  });
});

describe('the plan of a page of the feed by an identifier on SQLite', () => {
  it('goes from the index of the identifiers to that of the streams', async () => {
    const database = await databaseKinds()[0]?.open();
    if (!database) throw new Error('no SQLite');
    const { reads, knex } = database;
    const find = createFeedSearch(reads, sqliteSearch(knex), CLEAR_INDEX);
    const filter = { identifiers: [sought('userId', '42')], status: 'error' as const };
    const search = await find(filter.identifiers, true);
    const query = buildFeedQuery(reads, createSqliteFeedSource(reads), {
      ...{ after: '0', limit: 10, filter, archived: true, search, from: 0, upTo: 100 },
    });
    const { sql, bindings } = query.toSQL().toNative();
    const rows = await knex.raw(`EXPLAIN QUERY PLAN ${sql}`, bindings as string[]);
    const plan = rows.map(({ detail }: { detail: string }) => detail).join('\n');
    expect(plan).toMatch(/SEARCH event_log USING INDEX idx_correlation_id \(correlation_id=\?/);
    expect(plan).toMatch(/SEARCH event_log_archive USING INDEX \w+ \(correlation_id=\?/);
    for (const table of ['process_identifier', 'process_identifier_archive']) {
      expect(plan).toContain(
        `SEARCH ${table} USING COVERING INDEX idx_${table}_value (name=? AND value=? AND is_hashed=?)`,
      );
    }
    expect(plan).not.toMatch(/SCAN (event_log|process_)/);
    await database.destroy();
  });
});
