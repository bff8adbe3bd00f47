import type { Knex } from 'knex';
import { expect } from 'vitest';
import type { ArchiveCount } from '../../domain/archive/archive.ts';
import type { Partition } from '../../domain/archive/partition.ts';
import type { ProcessEvent, StoredEvent } from '../../domain/process/events.ts';
import { fold, type ProcessState } from '../../domain/process/process-state.ts';
import type { ProcessCursor, ProcessFilter } from '../../domain/process/process-store.ts';
import type { ProcessRow } from '../../infrastructure/sql/columns.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import { createListProcesses } from '../../infrastructure/sql/list-processes.ts';
import { fromProcessRow } from '../../infrastructure/sql/process-row.ts';
import type { SearchDialect } from '../../infrastructure/sql/search-conditions.ts';
import { completed, requested, started, stepCompleted } from './events.ts';

/** A time before which every process of a test has ended. */
export const soon = (): string => new Date(Date.now() + 3_600_000).toISOString();

/** The event without the time of its archiving. */
export function withoutArchivedAt({ archivedAt: _, ...event }: StoredEvent): StoredEvent {
  return event;
}

/** Removes all rows from the outbox as if they were published. */
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

export interface InPartitions {
  correlationId: string;
  /** The versions of its events in each partition. */
  events: Record<Partition, number[]>;
  /** Whether a partition has its projected row. */
  row: Record<Partition, boolean>;
  /** The names of its indexed identifiers in each partition. */
  identifiers: Record<Partition, string[]>;
}

/** Reads from the six tables in which partitions each process is. */
export async function partitionsOf({
  knex,
}: Pick<Database, 'knex'>): Promise<Map<string, InPartitions>> {
  const processes = new Map<string, InPartitions>();
  const find = (correlationId: string): InPartitions => {
    const known = processes.get(correlationId);
    if (known) return known;
    const row = { live: false, archived: false };
    const [events, identifiers] = [
      { live: [], archived: [] },
      { live: [], archived: [] },
    ];
    const process: InPartitions = { correlationId, events, row, identifiers };
    processes.set(correlationId, process);
    return process;
  };
  for (const [table, where] of [
    ['event_log', 'live'],
    ['event_log_archive', 'archived'],
  ] as const) {
    const rows = await knex(table).select('correlation_id', 'version').orderBy('version');
    for (const { correlation_id: id, version } of rows) find(id).events[where].push(version);
  }
  for (const [table, where] of [
    ['process_store', 'live'],
    ['process_store_archive', 'archived'],
  ] as const) {
    const rows = await knex(table).select('correlation_id');
    for (const { correlation_id: id } of rows) find(id).row[where] = true;
  }
  for (const [table, where] of [
    ['process_identifier', 'live'],
    ['process_identifier_archive', 'archived'],
  ] as const) {
    const rows = await knex(table).select('correlation_id', 'name').orderBy('name');
    for (const { correlation_id: id, name } of rows) find(id).identifiers[where].push(name);
  }
  return processes;
}

/** G8 and G3: no process is in both partitions or moved in part, and no version is missing. */
export async function expectWhollyInOnePartition(
  database: Database,
): Promise<Map<string, InPartitions>> {
  const processes = await partitionsOf(database);
  for (const [correlationId, { events, row, identifiers }] of processes) {
    const partition = events.archived.length > 0 ? 'archived' : 'live';
    const other = partition === 'live' ? 'archived' : 'live';
    expect(events[other], `${correlationId}: ${other} events`).toEqual([]);
    expect(row[other], `${correlationId}: ${other} row`).toBe(false);
    expect(identifiers[other], `${correlationId}: ${other} identifiers`).toEqual([]);
    if (partition === 'archived') expect(row.archived, `${correlationId}: archived row`).toBe(true);
    expect(events[partition], `${correlationId}: versions`).toEqual(
      events[partition].map((_, at) => at + 1),
    );
  }
  return processes;
}

/** The state in the row of an archived process; null without a row. */
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

/** Expects that the row of a process, live or archived, is the fold of its stream. */
export async function expectFolded(database: Database, correlationId: string): Promise<void> {
  const { eventStore, processStore } = database;
  const folded: ProcessState | null = fold(await eventStore.readStream(correlationId));
  const row =
    (await processStore.get(correlationId)) ?? (await archivedState(database, correlationId));
  expect(row, correlationId).toEqual(folded);
}

/** Moves a batch of ended processes to the archive. */
export async function moveBatch(
  { archive }: Pick<Database, 'archive'>,
  limit: number,
  endedBefore = soon(),
): Promise<ArchiveCount> {
  const { processes, events } = await archive.moveBatch({ endedBefore, limit });
  return { processes, events };
}

/** Deletes all processes. */
export async function emptyTables({ knex }: Pick<Database, 'knex'>): Promise<void> {
  for (const table of ['event_log', 'process_store', 'process_identifier']) {
    await knex(table).del();
    await knex(`${table}_archive`).del();
  }
  await knex('outbox').del();
}

/** Ends a test: checks that every process is in one partition, then deletes all. */
export async function emptyAfterwards(database: Database): Promise<void> {
  await expectWhollyInOnePartition(database);
  await emptyTables(database);
}

/** How SQLite is made to use the indexes of a search. */
export const sqliteSearch = (knex: Knex): SearchDialect => ({
  seek: (table) => knex.raw(table),
  unindexed: (column) => knex.raw(`+${column}`),
  jsonText: (column, path) => `json_extract(${column}, '${path}')`,
});

/**
 * The statements that read a page of processes on SQLite: if it is searched for, first the one that counts.
 *
 * @param found how many processes have each identifier that is searched for
 */
export async function listQueries(
  knex: Knex,
  filter: ProcessFilter,
  after: ProcessCursor,
  found = 1,
): Promise<[page: Knex.SqlNative, counts: Knex.SqlNative | undefined]> {
  const queries: Knex.SqlNative[] = [];
  const counts: Knex.SqlNative[] = [];
  const list = createListProcesses(
    knex,
    {
      key: (value) => value,
      time: (value) => value,
      ...sqliteSearch(knex),
      noTime: 'NULL',
      async upTo(query) {
        queries.push(query.toSQL().toNative());
        return { rows: [], bytes: 0, isCut: false };
      },
      async counts(query) {
        counts.push(query.toSQL().toNative());
        return { live_0: found, archived_0: found, live_1: found + 1, archived_1: found + 1 };
      },
    },
    { hashOf: async (name) => (name === 'email' ? 'hash' : null) },
  );
  await list(filter, { limit: 10, maxBytes: 1_000_000 }, after);
  const [query] = queries;
  if (!query) throw new Error('the list ran no query');
  return [query, counts[0]];
}
