import type { Knex } from 'knex';
import { expect } from 'vitest';
import type { ArchiveCount } from '../../domain/archive/archive.ts';
import type { ProcessEvent, StoredEvent } from '../../domain/process/events.ts';
import { fold, type ProcessState } from '../../domain/process/process-state.ts';
import type { ProcessCursor, ProcessFilter } from '../../domain/process/process-store.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import { createListProcesses } from '../../infrastructure/sql/list-processes.ts';
import { fromProcessRow, type ProcessRow } from '../../infrastructure/sql/process-row.ts';
import { completed, requested, started, stepCompleted } from './events.ts';

/** A time before which everything has ended that a test has written. */
export const soon = (): string => new Date(Date.now() + 3_600_000).toISOString();

/** Without what only says where an event lies. */
export function withoutPlace({ archivedAt: _, ...event }: StoredEvent): StoredEvent {
  return event;
}

/** Publishes what is in the outbox to nobody. */
export async function relayAll({ outbox }: Pick<Database, 'outbox'>): Promise<void> {
  for (;;) {
    const rows = await outbox.claim(1_000, 60_000);
    if (rows.length === 0) return;
    await outbox.remove(rows.map(({ eventId }) => eventId));
  }
}

/** A process of four events that has ended and is projected and relayed: ready to be archived. */
export async function endedProcess(
  database: Database,
  correlationId: string,
  first: ProcessEvent = requested(),
): Promise<StoredEvent[]> {
  const { events } = await database.eventStore.append(correlationId, [
    first,
    started(),
    stepCompleted(`task-of-${correlationId}`),
    completed(),
  ]);
  await database.processStore.project(correlationId);
  await relayAll(database);
  return events;
}

export interface Place {
  correlationId: string;
  /** Where its events are, and where its projected row. */
  events: { live: number[]; archived: number[] };
  row: { live: boolean; archived: boolean };
}

/** Where each process is, by the four tables. */
export async function placesOf({ knex }: Pick<Database, 'knex'>): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  const placeOf = (correlationId: string): Place => {
    const known = places.get(correlationId);
    if (known) return known;
    const row = { live: false, archived: false };
    const place: Place = { correlationId, events: { live: [], archived: [] }, row };
    places.set(correlationId, place);
    return place;
  };
  for (const [table, where] of [
    ['event_log', 'live'],
    ['event_log_archive', 'archived'],
  ] as const) {
    const rows = await knex(table).select('correlation_id', 'version').orderBy('version');
    for (const { correlation_id: id, version } of rows) placeOf(id).events[where].push(version);
  }
  for (const [table, where] of [
    ['process_store', 'live'],
    ['process_store_archive', 'archived'],
  ] as const) {
    const rows = await knex(table).select('correlation_id');
    for (const { correlation_id: id } of rows) placeOf(id).row[where] = true;
  }
  return places;
}

/** G8 and G3: no process in both, none half moved, no version missing. */
export async function expectWhollyInOnePlace(database: Database): Promise<Map<string, Place>> {
  const places = await placesOf(database);
  for (const [correlationId, { events, row }] of places) {
    const there = events.archived.length > 0 ? 'archived' : 'live';
    const notThere = there === 'live' ? 'archived' : 'live';
    expect(events[notThere], `${correlationId}: ${notThere} events`).toEqual([]);
    expect(row[notThere], `${correlationId}: ${notThere} row`).toBe(false);
    if (there === 'archived') expect(row.archived, `${correlationId}: archived row`).toBe(true);
    expect(events[there], `${correlationId}: versions`).toEqual(
      events[there].map((_, at) => at + 1),
    );
  }
  return places;
}

/** What the row of an archived process says; null without one. */
export async function archivedState(
  { knex }: Pick<Database, 'knex'>,
  correlationId: string,
): Promise<ProcessState | null> {
  const row: ProcessRow | undefined = await knex('process_store_archive')
    .where({ correlation_id: correlationId })
    .first();
  if (!row) return null;
  const iso = (time: unknown): string => new Date(time as string).toISOString();
  const { started_at, updated_at, completed_at } = row;
  return fromProcessRow({
    ...row,
    started_at: iso(started_at),
    updated_at: iso(updated_at),
    completed_at: completed_at && iso(completed_at),
  });
}

/** The row of a process, wherever it is, is the fold of its stream. */
export async function expectFolded(database: Database, correlationId: string): Promise<void> {
  const { eventStore, processStore } = database;
  const folded: ProcessState | null = fold(await eventStore.readStream(correlationId));
  const row =
    (await processStore.get(correlationId)) ?? (await archivedState(database, correlationId));
  expect(row, correlationId).toEqual(folded);
}

/** Moves a batch of what has ended. */
export async function moveBatch(
  { archive }: Pick<Database, 'archive'>,
  limit: number,
  endedBefore = soon(),
): Promise<ArchiveCount> {
  const { processes, events } = await archive.moveBatch({ endedBefore, limit });
  return { processes, events };
}

/** The end of a test: every process is whole, and goes. */
export async function emptyAfterwards(database: Database): Promise<void> {
  await expectWhollyInOnePlace(database);
  const tables = ['event_log', 'event_log_archive', 'process_store', 'process_store_archive'];
  for (const table of [...tables, 'outbox']) await database.knex(table).del();
}

/** The statement by which a page of processes is read on SQLite. */
export async function listQuery(
  knex: Knex,
  filter: ProcessFilter,
  after: ProcessCursor,
): Promise<Knex.SqlNative> {
  const asked: Knex.SqlNative[] = [];
  const list = createListProcesses(knex, {
    key: (value) => value,
    time: (value) => value,
    noTime: 'NULL',
    async upTo(query) {
      asked.push(query.toSQL().toNative());
      return { rows: [], bytes: 0, isCut: false };
    },
  });
  await list(filter, { limit: 10, maxBytes: 1_000_000 }, after);
  const [query] = asked;
  if (!query) throw new Error('nothing was asked');
  return query;
}
