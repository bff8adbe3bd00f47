import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Analytics } from '../../../domain/rollups/analytics.ts';
import { boundsOf } from '../../../domain/rollups/buckets.ts';
import { createAnalytics } from '../../../infrastructure/sql/analytics.ts';
import type { ReadQueries } from '../../../infrastructure/sql/read-queries.ts';
import { sqliteAnalytics } from '../../../infrastructure/sqlite/analytics.ts';
import { mssqlAnalytics } from '../../../infrastructure/sqlserver/analytics.ts';
import { insertEvents, randomStreams } from '../../support/analytics.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { rollUp } from '../../support/rollups.ts';

const [FROM, TO] = [Date.parse('2026-03-01T07:07:07Z'), Date.parse('2026-03-03T19:19:19Z')];
const events = randomStreams({ seed: 5, from: FROM, to: TO, streams: 40, name: 'reads' });
/** An offset of four hours and a half. */
const KABUL = 'Asia/Kabul';
const byStep = { groupBy: ['process', 'step'] as const, exact: false };

describe.each(databaseKinds())('reading analytics on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
      await insertEvents(database, events);
      await rollUp(database, 500);
    });
    afterAll(() => database?.destroy());

    /** Tells of each query before it is run. */
    function watched(
      before: (query: Knex.QueryBuilder | Knex.Raw) => Promise<void>,
    ): Analytics & { queries: () => number } {
      let queries = 0;
      const { reads } = database;
      const observed: ReadQueries = {
        ...reads,
        async rows(query, signal) {
          queries++;
          await before(query);
          return reads.rows(query, signal);
        },
      };
      const analytics = createAnalytics({
        reads: observed,
        dialect: database.kind === 'sqlite' ? sqliteAnalytics : mssqlAnalytics,
        head: database.feedRows.head,
        clock: Date.now,
      });
      return { ...analytics, queries: () => queries };
    }

    /** Replaces the current generation by another one, as a rebuild does. */
    async function swapGeneration(count: (found: string) => string): Promise<void> {
      const { knex } = database;
      const [state] = await knex('rollup_state').where('is_current', 1).pluck('generation');
      for (const [table, keys] of [
        [
          'step_rollup',
          'grain, bucket_start, process_name, step_name, target_system, status, error_key, error_message',
        ],
        ['process_rollup', 'grain, bucket_start, process_name, event_type'],
      ] as const) {
        const rest = 'timed_count, sum_ms, min_ms, max_ms, p50_ms, p95_ms, p99_ms, histogram';
        await knex.raw(
          `INSERT INTO ${table} (generation, ${keys}, event_count, ${rest}) SELECT generation + 1, ${keys}, ${count('event_count')}, ${rest} FROM ${table} WHERE generation = ${state}`,
        );
      }
      await knex.raw(
        `INSERT INTO rollup_state (generation, position, rolled_up_to, is_current, updated_at) SELECT generation + 1, position, rolled_up_to, 0, updated_at FROM rollup_state WHERE generation = ${state}`,
      );
      await knex('rollup_state')
        .where('generation', state + 1)
        .update({ is_current: 1 });
      await knex('rollup_state').where('generation', state).delete();
      for (const table of ['step_rollup', 'process_rollup']) {
        await knex(table).where('generation', state).delete();
      }
    }

    it('answers as before when a rebuild swaps the rollups in the middle', async () => {
      const bounds = boundsOf(FROM, TO, 'hour', 'UTC');
      const expected = await database.analytics.steps({ ...byStep, bounds });
      expect(expected.source).toBe('rollups');
      let asked = 0;
      const analytics = watched(async () => {
        asked++;
        // Behind the look at the state, before the rows are read.
        if (asked === 2) await swapGeneration((found) => found);
      });
      const { tallies } = await analytics.steps({ ...byStep, bounds });
      expect(tallies).toEqual(expected.tallies);
      expect(asked).toBeGreaterThan(5);
    });

    it('reads the current generation only', async () => {
      const bounds = [FROM, TO];
      const before = await database.analytics.steps({ ...byStep, bounds });
      const { knex } = database;
      const keys = 'grain, bucket_start, process_name, event_type';
      const rest =
        'event_count, timed_count, sum_ms, min_ms, max_ms, p50_ms, p95_ms, p99_ms, histogram';
      await knex.raw(
        `INSERT INTO process_rollup (generation, ${keys}, ${rest}) SELECT 77, ${keys}, ${rest} FROM process_rollup`,
      );
      const { tallies } = await database.analytics.processes({
        bounds,
        groupBy: ['eventType'],
        types: ['process-requested'],
        durations: false,
        exact: false,
      });
      expect(tallies[0]?.count).toBe(
        events.filter(
          ({ event_type, created_at }) =>
            event_type === 'process-requested' &&
            Date.parse(created_at) >= FROM &&
            Date.parse(created_at) < TO,
        ).length,
      );
      expect((await database.analytics.steps({ ...byStep, bounds })).tallies).toEqual(
        before.tallies,
      );
    });

    it('sends few statements, and reads no event for whole days', async () => {
      const texts: string[] = [];
      const analytics = watched(async (query) => {
        texts.push(query.toSQL().toNative().sql);
      });
      const [from, to] = [Date.parse('2025-03-01T00:00:00Z'), Date.parse('2026-03-03T00:00:00Z')];
      await analytics.steps({ ...byStep, bounds: boundsOf(from, to, 'day', 'UTC') });
      expect(texts.length).toBe(3);
      expect(texts.filter((text) => text.includes('event_log'))).toEqual([]);
      await analytics.steps({ ...byStep, bounds: boundsOf(from, to, 'day', 'Asia/Kolkata') });
      expect(texts.length).toBeLessThan(20);
    });

    it('gives no statement more parameters than SQL Server takes, whatever is asked for', async () => {
      const most: number[] = [];
      const analytics = watched(async (query) => {
        most.push(query.toSQL().toNative().bindings.length);
      });
      const many = (...names: string[]) => [
        ...names,
        ...Array.from({ length: 100 - names.length }, (_, at) => `other-${at}`),
      ];
      const lists = {
        processes: many('onboard-user', 'fulfil-order'),
        steps: many('validate', 'check', 'call', 'prepare'),
        targetSystems: many('Alpha', 'Beta', ''),
      };
      const types = ['process-requested', 'process-completed'] as const;
      const { processes } = lists;
      for (const bounds of [boundsOf(FROM, TO, 'hour', 'UTC'), boundsOf(FROM, TO, 'hour', KABUL)]) {
        for (const exact of [false, true]) {
          const all = await database.analytics.steps({ ...byStep, exact, bounds });
          const some = await analytics.steps({ ...byStep, exact, bounds, ...lists });
          expect(some.tallies).toEqual(all.tallies);
          const question = {
            bounds,
            exact,
            types,
            groupBy: ['process'] as const,
            durations: true,
          };
          const ended = await database.analytics.processes(question);
          const listed = await analytics.processes({ ...question, processes });
          expect(listed.tallies).toEqual(ended.tallies);
        }
      }
      expect(Math.max(...most)).toBeLessThan(2_100);
    });

    it('stops with its caller, wherever it is', async () => {
      for (let nth = 1; nth <= 4; nth++) {
        const caller = new AbortController();
        let asked = 0;
        const analytics = watched(async () => {
          asked++;
          if (asked === nth) caller.abort(new Error('hung up'));
        });
        const bounds = boundsOf(FROM, TO, 'hour', 'UTC');
        await expect(analytics.steps({ ...byStep, bounds }, caller.signal)).rejects.toThrow(
          'hung up',
        );
        await sleep(0);
        expect(asked).toBe(nth);
      }
    });

    it('seeks, for no plan reads a table from its beginning', async ({ skip }) => {
      if (database.kind !== 'sqlite') return skip('the plans of SQLite are looked at');
      const plans: string[] = [];
      const analytics = watched(async (query) => {
        const { sql, bindings } = query.toSQL().toNative();
        const steps: { detail: string }[] = await database.knex.raw(
          `EXPLAIN QUERY PLAN ${sql}`,
          bindings as string[],
        );
        plans.push(steps.map(({ detail }) => detail).join('\n'));
      });
      const filters = {
        processes: ['onboard-user'],
        steps: ['check', 'call'],
        targetSystems: ['Alpha'],
        statuses: ['ok'] as const,
      };
      for (const bounds of [[FROM, TO], boundsOf(FROM, TO, 'hour', 'Asia/Kolkata')]) {
        for (const exact of [false, true]) {
          await analytics.steps({ ...byStep, ...filters, bounds, exact });
          await analytics.steps({ groupBy: ['errorMessage'], bounds, exact });
          for (const durations of [false, true]) {
            await analytics.processes({
              bounds,
              groupBy: ['process'],
              processes: ['onboard-user'],
              types: ['process-completed'],
              durations,
              exact,
            });
          }
        }
      }
      expect(plans.length).toBeGreaterThan(20);
      const seeks = new Set(plans.join('\n').match(/(SEARCH|SCAN) \w+( .*)?/g));
      expect([...seeks].map((seek) => seek.replace(/ LEFT-JOIN$/, '')).sort()).toEqual([
        'SCAN JSON_EACH VIRTUAL TABLE INDEX 1:',
        'SCAN found',
        'SCAN rollup_state',
        'SEARCH event USING INDEX idx_created_at (created_at>? AND created_at<?)',
        'SEARCH event USING INDEX idx_event_log_archive_created_at (created_at>? AND created_at<?)',
        'SEARCH event_log USING INDEX idx_created_at (created_at>? AND created_at<?)',
        'SEARCH event_log_archive USING INDEX idx_event_log_archive_created_at (created_at>? AND created_at<?)',
        'SEARCH process_rollup USING INDEX sqlite_autoindex_process_rollup_1 (generation=? AND grain=? AND bucket_start>? AND bucket_start<?)',
        'SEARCH request USING INDEX idx_correlation_id (correlation_id=? AND version=?)',
        'SEARCH request USING INDEX uq_event_log_archive_version (correlation_id=? AND version=?)',
        'SEARCH step_rollup USING INDEX sqlite_autoindex_step_rollup_1 (generation=? AND grain=? AND bucket_start>? AND bucket_start<?)',
      ]);
    });
  });
});
