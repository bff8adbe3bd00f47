import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { fold } from '../../domain/process/process-state.ts';
import {
  type Outcome,
  type RebuildOptions,
  rebuildProcesses,
} from '../../domain/projection/rebuild-processes.ts';
import type { RebuildStore } from '../../domain/projection/rebuild-store.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import { REBUILT } from '../../infrastructure/sql/process-tables.ts';
import { archivedState } from './archive-world.ts';
import { expectIdentified } from './identifiers.ts';

/** Events per page: few, so that a few processes fill many pages. */
const PAGE = 40;

/** Rebuilds as the command does. */
export async function rebuild(
  store: RebuildStore,
  given: Partial<RebuildOptions> = {},
): Promise<{ outcome: Outcome; beginnings: string[] }> {
  const beginnings: string[] = [];
  const outcome = await rebuildProcesses(store, {
    processKey: null,
    madeBy: 'test',
    run: randomUUID(),
    signal: new AbortController().signal,
    onBegin: (how) => beginnings.push(how),
    onPage: () => {},
    pageSize: PAGE,
    ...given,
  });
  return { outcome, beginnings };
}

/** The counts of a rebuild that was not stopped. */
export function countsOf(outcome: Outcome) {
  if (outcome.kind === 'stopped') throw new Error('the rebuild was stopped');
  return outcome.counts;
}

/** G5: every row, live or archived, is that of its events, identifiers too; no row is missing and none is extra. */
export async function expectRebuilt(database: Database): Promise<void> {
  const { knex, eventStore, processStore } = database;
  for (const [events, rows, find] of [
    ['event_log', 'process_store', processStore.get],
    ['event_log_archive', 'process_store_archive', (id: string) => archivedState(database, id)],
  ] as const) {
    const streams = await knex(events).groupBy('correlation_id').pluck('correlation_id');
    const ids = await knex(rows).pluck('correlation_id');
    expect(ids.sort(), rows).toEqual(streams.sort());
    await eachOf(ids, async (id) => {
      expect(await find(id), id).toEqual(fold(await eventStore.readStream(id)));
    });
  }
  await expectIdentified(database);
}

/** Expects that a rebuild has left no table and no checkpoint. */
export async function expectCleanedUp({ knex }: Pick<Database, 'knex'>): Promise<void> {
  for (const table of REBUILT) {
    for (const suffix of ['rebuild', 'replaced']) {
      expect(await knex.schema.hasTable(`${table}_${suffix}`), `${table}_${suffix}`).toBe(false);
    }
  }
  expect(await knex('checkpoint').where('name', 'like', 'rebuild%')).toEqual([]);
}

/** Does some work for each item, five at a time, because the connection pool is small. */
export async function eachOf<T>(
  all: readonly T[],
  work: (one: T) => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < all.length; at += 5) await Promise.all(all.slice(at, at + 5).map(work));
}
