import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endedProcess, soon } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import {
  broken,
  completed,
  failed,
  requested,
  retried,
  started,
  stepCompleted,
  stepFailed,
} from '../../support/events.ts';
import { rebuild } from '../../support/rebuild-world.ts';
import { insertStepRollups, storedTime } from '../../support/rollups.ts';
import { STORED_AS, VIEWS } from '../../support/views.ts';

/** Counts come as numbers or texts, times as dates or texts. */
type Row = Record<string, unknown>;
const number = (value: unknown): number | null => (value === null ? null : Number(value));
const time = (value: unknown): string =>
  (value instanceof Date ? value : new Date(String(value))).toISOString();
const between = (from: unknown, to: unknown): number =>
  Date.parse(time(to)) - Date.parse(time(from));
const plan = async ({ knex }: TestDatabase, query: string): Promise<string[]> =>
  (await knex.raw(`EXPLAIN QUERY PLAN ${query}`)).map((row: { detail: string }) => row.detail);

describe.each(databaseKinds())('the views on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let database: TestDatabase;
    let now = Date.parse('2026-11-25T09:00:00.000Z');
    beforeAll(async () => {
      database = await kind.open({ clock: () => now });
      await endedProcess(database, 'archived');
      await database.archive.moveBatch({ endedBefore: soon(), limit: 10 });
      for (const event of [
        requested(),
        started(),
        stepFailed('t-1', 1),
        stepCompleted('t-1'),
        broken(),
      ]) {
        await database.eventStore.append('live', [event]);
        now += 250;
      }
      await database.eventStore.append('refused', [requested(), failed()]);
      await database.eventStore.append('waiting', [requested(), started()]);
      for (const id of ['live', 'refused', 'waiting']) await database.processStore.project(id);
      const knex = database.knex;
      await knex('process_store')
        .where({ correlation_id: 'waiting' })
        .update({ restored_at: storedTime(knex, '2026-11-25T08:00:00.000Z') });
      await insertStepRollups(knex, [
        ...(['2026-11-25T09:00:00.000Z', '2026-11-25T10:00:00.000Z'] as const).map((bucket) => ({
          ...{ grain: 60, bucket, targetSystem: 'BackgroundCheck', count: 3, ms: [10, 20, 60] },
        })),
        ...['away', 'busy'].map((error) => ({
          ...{ grain: 60, bucket: '2026-11-25T09:00:00.000Z', targetSystem: 'BackgroundCheck' },
          ...{ error, count: 1, ms: [1_000] },
        })),
        { grain: 60, bucket: '2026-11-25T09:00:00.000Z', stepName: 'ask', error: 'no', count: 2 },
        { grain: 15, bucket: '2026-11-25T09:00:00.000Z', count: 50, ms: [9_000] },
        { grain: 60, bucket: '2026-11-25T09:00:00.000Z', count: 70, generation: 2 },
        ...['2026-11-24T00:00:00.000Z', '2026-11-25T00:00:00.000Z'].map((bucket) => ({
          ...{ grain: 1440, bucket, targetSystem: 'BackgroundCheck', error: 'away', count: 4 },
        })),
        { grain: 1440, bucket: '2026-11-25T00:00:00.000Z', error: 'other', count: 1 },
        { grain: 1440, bucket: '2026-11-25T00:00:00.000Z', count: 90 },
      ]);
    });
    afterAll(async () => {
      await database?.destroy();
    });

    const all = async (query: string): Promise<Row[]> => database.knex.raw(query);

    it('have their columns, by these names, in this order and of these types', async () => {
      for (const [view, columns] of Object.entries(VIEWS)) {
        if (kind.name === 'SQL Server') {
          const found = await all(
            `SELECT COLUMN_NAME AS name, DATA_TYPE AS type FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = '${view}' ORDER BY ORDINAL_POSITION`,
          );
          expect(
            found.map(({ name, type }) => [name, type]),
            view,
          ).toEqual(columns);
          continue;
        }
        const found = await all(`PRAGMA table_xinfo(${view})`);
        expect(
          found.map(({ name }) => name),
          view,
        ).toEqual(columns.map(([name]) => name));
        for (const [name, type] of columns) {
          const stored = await all(
            `SELECT DISTINCT typeof(${name}) AS type FROM ${view} WHERE ${name} IS NOT NULL`,
          );
          expect(stored, `${view}.${name}`).toEqual([{ type: STORED_AS[type] }]);
        }
      }
    });

    it('show every event of a process in order in v_process_timeline, live or archived', async () => {
      for (const [id, events] of [
        ['live', 5],
        ['archived', 4],
      ] as const) {
        const rows = await all(
          `SELECT * FROM v_process_timeline WHERE correlation_id = '${id}' ORDER BY version`,
        );
        expect(rows.map(({ version }) => version)).toEqual(
          Array.from({ length: events }, (_, at) => at + 1),
        );
        for (const row of rows) expect(row.archived_at === null, id).toBe(id === 'live');
      }
      const [first, second, third, , last] = await all(
        `SELECT * FROM v_process_timeline WHERE correlation_id = 'live' ORDER BY version`,
      );
      expect(first).toMatchObject({ event_type: 'process-requested', ms_since_previous: null });
      expect(second).toMatchObject({ process_instance_id: 'instance-1', attempt: null });
      expect(third).toMatchObject({
        ...{ event_type: 'step-failed', step_name: 'run-background-check', step: 2 },
        ...{ status: 'error', error_code: 'REMOTE_503', error_kind: 'technical', task_id: 't-1' },
        ...{ error_message: 'the partner answered 503', batch_id: 'batch-1' },
        process_status: 'error',
      });
      const numbers = ['attempt', 'retries_left', 'retry_in_ms'];
      expect(numbers.map((name) => number(third?.[name]))).toEqual([1, 1, 200]);
      expect(number(third?.ms_since_previous)).toBe(between(second?.created_at, third?.created_at));
      expect(number(last?.ms_since_start)).toBe(between(first?.created_at, last?.created_at));
      expect(time(last?.process_started_at)).toBe(time(first?.created_at));
    });

    it('show one row a process in v_process_durations, live or archived', async () => {
      const rows = await all('SELECT * FROM v_process_durations ORDER BY correlation_id');
      expect(rows).toMatchObject([
        { correlation_id: 'archived', status: 'ok', event_count: 4, error_code: null },
        { correlation_id: 'live', status: 'error', event_count: 5, error_code: 'AWAY' },
        { correlation_id: 'refused', error_kind: 'business', error_step: 'run-background-check' },
        { correlation_id: 'waiting', status: 'pending', duration_ms: null, archived_at: null },
      ]);
      const [archived, live] = rows;
      expect(number(live?.duration_ms)).toBe(between(live?.started_at, live?.completed_at));
      expect(number(live?.duration_ms)).toBeGreaterThan(0);
      expect(archived?.archived_at).not.toBeNull();
    });

    it('show the hours of the current generation in v_step_stats_hourly, with times of what succeeded', async () => {
      const rows = await all(
        `SELECT * FROM v_step_stats_hourly WHERE hour < '2026-11-25T10:00:00' ORDER BY step_name`,
      );
      expect(rows).toHaveLength(2);
      const [ask, check] = rows;
      expect(ask).toMatchObject({ step_name: 'ask', target_system: null, avg_ms: null });
      expect([ask?.ok_count, ask?.error_count, ask?.error_rate].map(number)).toEqual([0, 2, 1]);
      expect(time(check?.hour)).toBe('2026-11-25T09:00:00.000Z');
      expect(check).toMatchObject({ target_system: 'BackgroundCheck' });
      const { ok_count, error_count, error_rate, avg_ms, min_ms, max_ms, p50_ms } = check ?? {};
      expect(
        [ok_count, error_count, error_rate, avg_ms, min_ms, max_ms, p50_ms].map(number),
      ).toEqual([3, 2, 0.4, 30, 10, 60, 20]);
    });

    it('show the errors of each day in v_error_top', async () => {
      const rows = await all(
        `SELECT * FROM v_error_top WHERE day = '2026-11-25' ORDER BY error_count DESC`,
      );
      expect(rows.map((row) => [row.error_message, number(row.error_count)])).toEqual([
        ['away', 4],
        ['other', 1],
      ]);
      const [total] = await all('SELECT SUM(error_count) AS total FROM v_error_top');
      expect(number(total?.total)).toBe(9);
    });

    it('G5: show the same after two rebuilds, and include what comes then', async () => {
      const allRows = () =>
        Promise.all([
          all('SELECT * FROM v_process_durations ORDER BY correlation_id'),
          all('SELECT * FROM v_process_timeline ORDER BY correlation_id, version'),
        ]);
      const before = await allRows();
      const store = await database.openRebuild();
      await rebuild(store);
      await rebuild(store);
      await store.close();
      expect(await allRows()).toEqual(before);
      await database.eventStore.append('live', [retried(), completed()]);
      await database.processStore.project('live');
      const [row] = await all(`SELECT * FROM v_process_durations WHERE correlation_id = 'live'`);
      expect(row).toMatchObject({ status: 'ok', event_count: 7 });
      const [event] = await all(
        `SELECT process_status FROM v_process_timeline WHERE correlation_id = 'live' AND version = 1`,
      );
      expect(event).toEqual({ process_status: 'ok' });
    });

    it.skipIf(kind.name !== 'SQLite')(
      'find a process or a trace on SQLite by index in both partitions, and sort nothing',
      async () => {
        for (const query of [
          `SELECT * FROM v_process_timeline WHERE correlation_id = 'live' ORDER BY version`,
          `SELECT * FROM v_process_timeline WHERE traceability_id = 'trace-1'`,
          `SELECT * FROM v_process_timeline WHERE created_at >= '2026-11-25' AND created_at < '2026-11-26'`,
          `SELECT * FROM v_process_durations WHERE correlation_id = 'live'`,
        ]) {
          const details = await plan(database, query);
          expect(
            details.filter((line) => line.startsWith('SCAN')),
            query,
          ).toEqual([]);
          expect(
            details.filter((line) => line.includes('TEMP B-TREE')),
            query,
          ).toEqual([]);
          const searched = details.filter((line) => /^SEARCH \w+ USING INDEX/.test(line));
          for (const table of ['archive', '']) {
            expect(
              searched.filter((line) => line.includes('archive') === (table !== '')).length,
              query,
            ).toBeGreaterThan(0);
          }
        }
      },
    );
  });
});
