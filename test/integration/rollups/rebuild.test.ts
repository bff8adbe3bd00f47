import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rebuildRollups } from '../../../domain/rollups/rebuild-rollups.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { randomFrom, requested, stepCompleted } from '../../support/events.ts';
import { writeStreams } from '../../support/rollup-load.ts';
import { expectExact, expectOneGeneration, rollUp } from '../../support/rollups.ts';

const SIZES = { SQLite: 64, 'SQL Server': 16 } as const;
const kinds = databaseKinds().map((kind) => ({ ...kind, streams: SIZES[kind.name] }));
const forever = new AbortController().signal;
const FINAL = ['process-completed', 'process-failed', 'process-cancelled'];

describe.each(kinds)('rebuilding the rollups on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let database: TestDatabase;
    const ids = Array.from({ length: kind.streams }, (_, at) => `rebuilt-${at}`);
    beforeAll(async () => {
      database = await kind.open();
      await writeStreams(database, ids, randomFrom(11));
      await rollUp(database);
    });
    afterAll(() => database?.destroy());

    const rebuild = (
      given: {
        signal?: AbortSignal;
        madeBy?: string;
        batch?: number;
        onPage?: (done: { events: number; position: string }) => void | Promise<void>;
      } = {},
    ) => {
      const { signal = forever, madeBy = 'test', batch = 23, onPage } = given;
      const { rollups: store, rollupSource: source } = database;
      const begun: { resumed: boolean; position: string }[] = [];
      const hooks = { onBegin: (how: (typeof begun)[0]) => void begun.push(how) };
      return rebuildRollups({ store, source }, { batch, madeBy }, signal, {
        ...hooks,
        ...(onPage ? { onPage } : {}),
      }).then((outcome) => ({ outcome, begun: begun[0] }));
    };

    it('G5: corrects rows that were wrong, missing or too many', async () => {
      await database.knex('step_rollup').where({ grain: 60 }).update({ event_count: 7 });
      await database.knex('process_rollup').where({ grain: 15 }).del();
      await database
        .knex('process_rollup')
        .where({ process_name: 'onboard-user' })
        .update({ process_name: 'nobody' });
      await expect(expectExact(database)).rejects.toThrow();
      const { generation } = await database.rollups.state();
      expect((await rebuild()).outcome.kind).toBe('swapped');
      expect((await database.rollups.state()).generation).toBeGreaterThan(generation);
      await expectExact(database);
      await expectOneGeneration(database);
    });

    it('G5: runs beside live writes and the job, which counts for readers meanwhile and after', async () => {
      const { generation } = await database.rollups.state();
      const writing = writeStreams(
        database,
        ids.map((id) => `live-${id}`),
        randomFrom(12),
      );
      let done = false;
      const job = (async () => {
        while (!done) await rollUp(database, 11);
      })();
      const { outcome } = await rebuild();
      expect(outcome.kind).toBe('swapped');
      await writing;
      done = true;
      await job;
      await rollUp(database);
      expect((await database.rollups.state()).generation).toBeGreaterThan(generation);
      await expectExact(database);
      await expectOneGeneration(database);
    });

    it('G5: switches readers at one moment: the old rows, then the new ones, never both or none', async () => {
      const counted = async () => {
        const [row] = await database.reads.rows<{ events: number | string | null }>(
          database
            .knex('process_rollup as r')
            .join('rollup_state as s', 's.generation', 'r.generation')
            .where({ 's.is_current': 1, 'r.grain': 1440 })
            .whereIn('r.event_type', FINAL)
            .sum({ events: 'r.event_count' }),
        );
        return Number(row?.events ?? 0);
      };
      const before = await counted();
      expect(before).toBeGreaterThan(10);
      const seen = new Set<number>();
      let done = false;
      const reader = (async () => {
        while (!done) seen.add(await counted());
      })();
      for (let again = 0; again < 3; again++) await rebuild();
      done = true;
      await reader;
      expect([...seen]).toEqual([before]);
    });

    it('G5: stops when it is told to, leaves readers the old rows, and resumes the next time', async () => {
      const state = await database.rollups.state();
      const stop = new AbortController();
      const first = await rebuild({ signal: stop.signal, onPage: () => stop.abort() });
      expect(first.outcome.kind).toBe('stopped');
      expect(first.begun).toEqual({ ...first.begun, resumed: false, position: '0' });
      expect(await database.rollups.state()).toEqual(state);
      await expectExact(database);

      const second = await rebuild();
      expect(second.begun).toMatchObject({ resumed: true });
      expect(Number(second.begun?.position)).toBeGreaterThan(0);
      await expectExact(database);
      await expectOneGeneration(database);
    });

    it('G5: starts again after a run of another release, and removes what that had made', async () => {
      const stop = new AbortController();
      await rebuild({ signal: stop.signal, madeBy: 'older', onPage: () => stop.abort() });
      const { begun } = await rebuild();
      expect(begun).toMatchObject({ resumed: false, position: '0' });
      await expectExact(database);
      await expectOneGeneration(database);
    });

    it('writes nothing for a generation that no longer exists', async () => {
      const { generation, position } = await database.rollups.state();
      await database.eventStore.append('gone', [requested(), stepCompleted('gone')]);
      await rebuild();
      const { items, lookedTo } = await database.rollupSource.page(position, 10);
      const batch = { generation, from: position, to: lookedTo, rolledUpTo: null };
      expect(items.length).toBeGreaterThan(0);
      const empty = { steps: [], processes: [] };
      expect(await database.rollups.apply({ ...batch, ...empty })).toBe(false);
      await expectExact(database);
    });

    it('does not put readers behind what they have seen counted', async () => {
      const { rollups } = database;
      const begun = await rollups.begin('behind');
      expect(await rollups.swap(begun.generation)).toBe('behind');
      expect(await rollups.swap(12_345)).toBe('gone');
      const { generation } = await rollups.state();
      expect(await rollups.swap(generation)).toBe('swapped');
      await expectExact(database);
    });

    it('continues in one of two simultaneous runs, and counts each event once', async () => {
      const outcomes = await Promise.all([rebuild(), rebuild()]);
      expect(outcomes.map(({ outcome }) => outcome.kind)).toContain('swapped');
      await expectExact(database);
      await rebuild();
      await expectExact(database);
      await expectOneGeneration(database);
    });
  });
});
