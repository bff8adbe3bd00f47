import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProcessEvent } from '../../../domain/process/events.ts';
import type { ReadQueries } from '../../../infrastructure/sql/read-queries.ts';
import { createStuckProcesses } from '../../../infrastructure/sql/stuck-processes.ts';
import { sqliteSearch } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { completed, requested, started, stepCompleted, stepFailed } from '../../support/events.ts';
import { CLEAR_INDEX, sought } from '../../support/identifiers.ts';
import { insertProcessRollups, storedTime } from '../../support/rollups.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ids = ({ items }: { items: readonly { correlationId: string }[] }): string[] =>
  items.map(({ correlationId }) => correlationId);

describe.each(databaseKinds())('a process that needs attention on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await kind.open();
      await append('usual', 2 * HOUR, 'known');
      await append('late', 4 * HOUR, 'known');
      await append('later', 5 * HOUR, 'known');
      await append('ended', 9 * HOUR, 'known', [completed()]);
      await append('new-and-young', 20 * HOUR, 'new');
      await append('new-and-old', 25 * HOUR, 'new');
      await append('seldom-and-young', 2 * HOUR, 'seldom');
      await append('seldom-and-old', 3 * HOUR, 'seldom');
      const bucket = (ms: number): string =>
        new Date(Math.floor((Date.now() - ms) / DAY) * DAY).toISOString();
      const known = {
        ...{ grain: 1440, processName: 'known', eventType: 'process-completed' },
        bucket: bucket(2 * DAY),
      };
      const hours = (count: number, each: number): number[] => Array(count).fill(each * HOUR);
      await insertProcessRollups(database.knex, [
        { ...known, ms: [...hours(98, 1), ...hours(2, 3)] },
        // None of these says what is usual: other ends, other lengths of buckets, long ago, too few, a rebuild.
        { ...known, eventType: 'process-failed', ms: hours(500, 9) },
        { ...known, grain: 60, ms: hours(500, 9) },
        { ...known, bucket: bucket(60 * DAY), ms: hours(500, 9) },
        { ...known, generation: 2, ms: hours(500, 9) },
        { ...known, processName: 'new', ms: hours(19, 1) },
        // Of a process that is seldom, all time counts.
        { ...known, processName: 'seldom', bucket: bucket(90 * DAY), ms: hours(20, 2.5) },
      ]);
    });
    afterAll(async () => {
      await database?.destroy();
    });

    /** A process that began so long ago. */
    async function append(
      id: string,
      age: number,
      processName = 'onboard-user',
      more: readonly ProcessEvent[] = [],
    ): Promise<void> {
      const events = [requested(), started(), ...more].map((event) => ({ ...event, processName }));
      await database.eventStore.append(id, events);
      await database.processStore.project(id);
      const { knex } = database;
      await knex('process_store')
        .where({ correlation_id: id })
        .update({
          started_at: storedTime(knex, new Date(Date.now() - age).toISOString()),
        });
    }

    it('is slow when it is pending, and older than 99 of 100 completed ones of its definition', async () => {
      const slow = await database.stuckProcesses.slow(50);
      expect(ids(slow)).toEqual(['new-and-old', 'later', 'late', 'seldom-and-old']);
      expect(slow.total).toBe(4);
      const [unknown, later] = slow.items;
      expect(unknown).toMatchObject({ p99Ms: null, slowAfterMs: DAY });
      expect(later).toMatchObject({ processName: 'known', currentStep: null });
      expect(later?.p99Ms).toBeGreaterThan(2.97 * HOUR);
      expect(later?.p99Ms).toBeLessThan(3.03 * HOUR);
      expect(later?.ageMs).toBeGreaterThan(5 * HOUR - 1_000);
      expect(Date.parse(later?.startedAt ?? '')).toBeLessThan(Date.now() - 5 * HOUR + 60_000);
      const first = await database.stuckProcesses.slow(1);
      expect([ids(first), first.total]).toEqual([['new-and-old'], 4]);
    });

    it('is retrying when it is pending, and the last event of a step a failure with retries left', async () => {
      const other = (event: ProcessEvent): ProcessEvent => ({
        ...event,
        ...('step' in event ? { step: { name: 'other', number: 3 } } : {}),
      });
      const last = stepFailed('gone', 3);
      const gone = { ...last, data: { ...last.data, retriesLeft: 0 } } as ProcessEvent;
      await append('tried-again', 0, 'onboard-user', [stepFailed('a', 1), stepFailed('a', 2)]);
      // One of several parallel branches may continue meanwhile.
      await append('one-branch', 0, 'onboard-user', [
        stepFailed('b', 1),
        other(stepCompleted('c')),
      ]);
      await append('got-it', 0, 'onboard-user', [stepFailed('d', 1), stepCompleted('d')]);
      await append('gave-up', 0, 'onboard-user', [gone]);
      await append('ended-anyhow', 0, 'onboard-user', [stepFailed('e', 1), completed()]);
      const retrying = await database.stuckProcesses.retrying(50);
      expect(ids(retrying)).toEqual(['tried-again', 'one-branch']);
      const [first] = retrying.items;
      expect(retrying.items).toMatchObject([
        { attempt: 2, retriesLeft: 1, step: 'run-background-check', code: 'REMOTE_503' },
        { attempt: 1, retriesLeft: 1, message: 'the partner answered 503' },
      ]);
      expect(Date.parse(first?.nextTryAt ?? '') - Date.parse(first?.failedAt ?? '')).toBe(200);
      const one = await database.stuckProcesses.retrying(1);
      expect([ids(one), one.total]).toEqual([['tried-again'], 2]);
    });

    it('is narrowed by its identifiers, and by the codes of its failed attempts', async () => {
      const user = (text: string) => ({ identifiers: [sought('userId', text)] });
      const code = (value: string, isPrefix = false) => ({ errorCode: { value, isPrefix } });
      const { slow, retrying } = database.stuckProcesses;
      expect(ids(await retrying(50, user('42')))).toEqual(['tried-again', 'one-branch']);
      expect(ids(await retrying(50, user('4*')))).toEqual(['tried-again', 'one-branch']);
      expect(ids(await retrying(50, user('43')))).toEqual([]);
      expect(ids(await retrying(50, code('REMOTE_503')))).toEqual(['tried-again', 'one-branch']);
      expect(ids(await retrying(50, code('REMOTE_', true)))).toEqual(['tried-again', 'one-branch']);
      expect(ids(await retrying(50, code('REMOTE')))).toEqual([]);
      expect((await slow(50, user('42'))).total).toBe((await slow(50)).total);
      expect((await slow(50, user('43'))).total).toBe(0);
      expect((await slow(50, code('REMOTE_503'))).total).toBe(0);
      await append('slow-retrying', 10 * DAY, 'onboard-user', [stepFailed('s', 1)]);
      expect(ids(await slow(50, code('REMOTE_503')))).toEqual(['slow-retrying']);
    });

    it.skipIf(kind.name !== 'SQLite')(
      'is found on SQLite from the pending processes to their failed attempts by index',
      async () => {
        const asked: Knex.SqlNative[] = [];
        const { reads, knex } = database;
        const rows: ReadQueries['rows'] = async (query) => {
          asked.push(query.toSQL().toNative());
          return [];
        };
        const upTo: ReadQueries['upTo'] = async (query) => ({
          rows: await rows<never>(query),
          bytes: 0,
          isCut: false,
        });
        const stuckProcesses = createStuckProcesses({
          ...database,
          reads: { ...reads, rows, upTo },
          clock: Date.now,
          search: sqliteSearch(knex),
          identifierIndex: CLEAR_INDEX,
        });
        await stuckProcesses.slow(50);
        await stuckProcesses.retrying(50);
        const plans = await Promise.all(
          asked.map(async ({ sql, bindings }) => {
            const rows = await knex.raw(`EXPLAIN QUERY PLAN ${sql}`, bindings as string[]);
            return rows.map(({ detail }: { detail: string }) => detail).join('\n');
          }),
        );
        expect(plans).toHaveLength(4);
        const [recent, seldom, slow, retrying] = plans;
        for (const plan of [recent, seldom]) {
          expect(plan).toMatch(/SEARCH process_rollup USING .*\(generation=\? AND grain=\?/);
        }
        for (const plan of [slow, retrying]) {
          expect(plan).toMatch(/SEARCH process_store USING INDEX idx_status \(status=\?/);
        }
        expect(retrying).toMatch(/SEARCH failed USING INDEX idx_step_failed \(correlation_id=\?/);
        expect(retrying).toMatch(
          /SEARCH later USING INDEX idx_correlation_id \(correlation_id=\? AND version>\?/,
        );
        expect(retrying).not.toMatch(/SCAN (process_store|failed|later|event_log)/);
      },
    );
  });
});
