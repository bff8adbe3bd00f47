import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { FeedFilter } from '../../../domain/feed/event-feed.ts';
import { buildFeedQuery } from '../../../infrastructure/sql/feed-query.ts';
import { createSqliteFeedSource } from '../../../infrastructure/sqlite/feed-source.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { requested } from '../../support/events.ts';
import { declarations, openProxied, type ProxiedDatabase } from '../../support/mssql.ts';

const at = '2026-01-01T00:00:00.000Z';
const BY_ID = 'SEARCH event_log USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)';
const BY_ARCHIVED_ID =
  'SEARCH event_log_archive USING INDEX uq_event_log_archive_id (id>? AND id<?)';
const BY_STREAM =
  'SEARCH event_log_archive USING INDEX uq_event_log_archive_version (correlation_id=?)';
const BY_TRACE =
  'SEARCH event_log_archive USING INDEX idx_event_log_archive_traceability_id (traceability_id=?)';
const by = (index: string, column: string): string =>
  `SEARCH event_log USING INDEX ${index} (${column}=? AND rowid>? AND rowid<?)`;

/** Each kind of page, and how its rows are found in the log and in the archive. */
const PAGES: readonly [name: string, filter: FeedFilter, live: string, archived: string][] = [
  ['all', {}, BY_ID, BY_ARCHIVED_ID],
  ['a process', { processName: 'p', types: ['step-failed'] }, BY_ID, BY_ARCHIVED_ID],
  ['a status', { status: 'error' }, by('idx_event_log_status', 'status'), BY_ARCHIVED_ID],
  ['a step', { stepName: 's' }, by('idx_step_name', 'step_name'), BY_ARCHIVED_ID],
  ['a time range', { from: at, to: at }, BY_ID, BY_ARCHIVED_ID],
  ['a batch in a time range', { batchId: 'b', from: at }, BY_ID, BY_ARCHIVED_ID],
  ['an application', { applicationId: 'a', targetSystem: 't' }, BY_ID, BY_ARCHIVED_ID],
  [
    'a stream and more',
    { correlationId: 'c', traceabilityId: 't', status: 'ok', stepName: 's', from: at },
    'SEARCH event_log USING INDEX idx_correlation_id (correlation_id=?)',
    BY_STREAM,
  ],
  [
    'a trace and more',
    { traceabilityId: 't', status: 'ok', stepName: 's', to: at },
    by('idx_traceability_id', 'traceability_id'),
    BY_TRACE,
  ],
];

describe('the feed on SQLite', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    const opened = await databaseKinds()[0]?.open();
    if (!opened) throw new Error('no SQLite');
    database = opened;
  });
  afterAll(() => database?.destroy());

  async function planOf(query: Knex.QueryBuilder): Promise<string[]> {
    const { sql, bindings } = query.toSQL().toNative();
    const rows: { detail: string }[] = await database.knex.raw(
      `EXPLAIN QUERY PLAN ${sql}`,
      bindings as string[],
    );
    return rows.map(({ detail }) => detail);
  }

  it.each(PAGES)(
    'reads for a page of %s no more than its part of the feed',
    async (_, filter, ...found) => {
      const source = createSqliteFeedSource(database.reads);
      const page = (archived: boolean) =>
        planOf(
          buildFeedQuery(database.reads, source, {
            ...{ after: '0', limit: 10, filter, archived },
            ...{ from: 0, upTo: 100 },
          }),
        );
      const [live, archived] = found;
      expect(await page(false)).toEqual([live]);
      // A trace has few events: those are sorted.
      const sorted = archived === BY_TRACE ? ['USE TEMP B-TREE FOR ORDER BY'] : [];
      expect(await page(true)).toEqual([
        ...['MERGE (UNION ALL)', 'LEFT', live],
        ...['RIGHT', archived, ...sorted],
      ]);
    },
  );

  it('finds where a time range begins and ends without the rows', async () => {
    const source = createSqliteFeedSource(database.reads);
    for (const [table, index] of [
      ['event_log', 'idx_created_at'],
      ['event_log_archive', 'idx_event_log_archive_created_at'],
    ] as const) {
      const span = source.span(table).where('created_at', '>=', at).where('created_at', '<', at);
      expect(await planOf(span)).toEqual([
        `SEARCH ${table} USING COVERING INDEX ${index} (created_at>? AND created_at<?)`,
      ]);
    }
  });

  it('finds the first event after a position in one look-up', async () => {
    const source = createSqliteFeedSource(database.reads);
    expect(await planOf(source.first('event_log', 5, 10))).toEqual([
      'SEARCH event_log USING INTEGER PRIMARY KEY (rowid>?)',
    ]);
    expect(await planOf(source.first('event_log_archive', 5, 10))).toEqual([
      'SEARCH event_log_archive USING COVERING INDEX uq_event_log_archive_id (id>?)',
    ]);
  });
});

const serverUrl = inject('mssqlUrl');

describe.skipIf(serverUrl === null)('the feed on SQL Server', () => {
  let world: ProxiedDatabase;
  beforeAll(async () => {
    world = await openProxied(serverUrl ?? '');
    await world.database.eventStore.append('t', [requested()]);
    await world.database.eventFeed.head();
  });
  afterAll(() => world?.close());

  it('casts every text that is compared with a key or a time', async () => {
    const { proxy, database } = world;
    const filter: FeedFilter = {
      ...{
        processName: 'p',
        stepName: 's',
        status: 'ok' as const,
        targetSystem: 't',
        batchId: 'b',
      },
      ...{ originatingSystem: 'o', applicationId: 'a', types: ['step-failed'], from: at, to: at },
    };
    for (const more of [{}, { correlationId: 'c' }, { traceabilityId: 't' }]) {
      const before = proxy.messages.length;
      const page = { after: '0', limit: 10, filter: { ...filter, ...more }, archived: true };
      await database.eventFeed.page(page);
      const sent = proxy.messages.slice(before).map(({ text }) => text);
      const pages = sent.filter(
        (text) => text.includes('union all') && text.includes('archived_at'),
      );
      expect(pages).toHaveLength(1);
      for (const text of sent.filter((one) => !one.includes('DECLARE @upto'))) {
        for (const [name, type] of Object.entries(declarations(text))) {
          if (/^(int|bigint)$/.test(type)) continue;
          expect(text).toMatch(
            new RegExp(`CAST\\(@${name} AS (VARCHAR\\(255\\)|DATETIME2\\(3\\))\\)`),
          );
        }
      }
    }
  });

  it('takes one round trip for a page with nothing new, and gives no positions', async () => {
    const { proxy, database } = world;
    const after = await database.eventFeed.head();
    const before = proxy.messages.length;
    await database.eventFeed.page({ after, limit: 10, filter: {}, archived: true });
    const sent = proxy.messages.slice(before);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.text).toContain('IF EXISTS (SELECT 1 FROM unpositioned_event)');
  });
});
