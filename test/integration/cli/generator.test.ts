import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SetupError } from '../../../domain/common/errors.ts';
import type { StoredEvent } from '../../../domain/process/events.ts';
import { fold, type ProcessState } from '../../../domain/process/process-state.ts';
import {
  EVENT_COLUMNS,
  PROCESS_COLUMNS,
  type ProcessRow,
} from '../../../infrastructure/sql/columns.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import { expectedHash } from '../../../infrastructure/sql/event-hash.ts';
import { type FoundEventRow, fromEventRow } from '../../../infrastructure/sql/event-row.ts';
import { toProcessRow } from '../../../infrastructure/sql/process-row.ts';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import { isoTimes } from '../../../infrastructure/sqlserver/connection.ts';
import { createBatches, type Values } from '../../../src/cli/generate/batches.ts';
import { buildBatches } from '../../../src/cli/generate/builder.ts';
import {
  type Generated,
  type GenerateOptions,
  generateProcesses,
  generateSqlite,
} from '../../../src/cli/generate/generate.ts';
import { readVolumes } from '../../../src/cli/generate/volumes.ts';
import { databaseKinds, type TestDatabase, temporaryFolder } from '../../support/databases.ts';
import { requested } from '../../support/events.ts';

const UNTIL = '2026-01-31T00:00:00.000Z';
const YEAR_MS = 365 * 86_400_000;

interface Contents {
  /** Live and archived, by stream. */
  streams: Map<string, FoundEventRow[]>;
  processes: (ProcessRow & { archived_at: string | null })[];
  outbox: number;
}

type ById = FoundEventRow & { id: number | string };

async function contentsOf({ knex }: Pick<Database, 'knex'>): Promise<Contents> {
  const both = async (table: string, columns: readonly string[]): Promise<object[]> => {
    const live = await knex(table).select(columns);
    const archived = await knex(`${table}_archive`).select([...columns, 'archived_at']);
    return [...live.map((row) => ({ ...row, archived_at: null })), ...archived].map(isoTimes);
  };
  const events = (await both('event_log', ['id', ...EVENT_COLUMNS])) as ById[];
  events.sort((one, other) => Number(one.id) - Number(other.id));
  const streams = new Map<string, FoundEventRow[]>();
  for (const row of events) {
    const stream = streams.get(row.correlation_id) ?? [];
    streams.set(row.correlation_id, stream);
    stream.push(row);
  }
  const processes = (await both('process_store', PROCESS_COLUMNS)) as Contents['processes'];
  const outbox = await knex('outbox').select('event_id');
  return { streams, processes, outbox: outbox.length };
}

function expectAllAsTheServiceWritesIt({ streams, processes, outbox }: Contents): void {
  expect(outbox).toBe(0);
  expect(processes).toHaveLength(streams.size);
  for (const { archived_at, ...row } of processes) {
    const rows = streams.get(row.correlation_id) ?? [];
    let previous: Buffer | null = null;
    let state: ProcessState | null = null;
    for (const [at, event] of rows.entries()) {
      expect(event.version).toBe(at + 1);
      expect(event.hash).toEqual(expectedHash(event, previous));
      expect(event.archived_at).toBe(archived_at);
      previous = event.hash;
      const stored: StoredEvent = fromEventRow(String((event as ById).id), event);
      state = fold([stored], state);
    }
    expect(row).toEqual(state && toProcessRow(state));
  }
}

describe.each(databaseKinds())('the generator on $name', ({ available, open }) => {
  describe.skipIf(!available)('', () => {
    let database: TestDatabase;
    let generated: Generated;
    let contents: Contents;

    beforeAll(async () => {
      database = await open();
      generated = await generateProcesses(database, {
        events: 1_200,
        until: UNTIL,
        archived: 0.4,
        pending: 0.05,
        errors: 0.1,
      });
      contents = await contentsOf(database);
    });

    afterAll(() => database?.destroy());

    it('writes what the service would have written: gapless streams, hashed, with their fold', () => {
      expectAllAsTheServiceWritesIt(contents);
    });

    it('writes the requested number of events, the last process whole', () => {
      const events = [...contents.streams.values()].flat();
      expect(generated).toEqual({ events: events.length, processes: contents.streams.size });
      expect(events.length).toBeGreaterThanOrEqual(1_200);
      expect(events.length).toBeLessThan(1_210);
    });

    it('G3: leaves a database that the service appends to', async () => {
      const { events } = await database.eventStore.append('appended', [requested()]);
      const highest = [...contents.streams.values()].flat().map((row) => Number((row as ById).id));
      expect(Number(events[0]?.id)).toBeGreaterThan(Math.max(...highest));
    });

    it('adds other processes with another seed, and refuses those that exist', async () => {
      const more: GenerateOptions = { events: 100, until: UNTIL, ids: 'random' };
      await expect(generateProcesses(database, { ...more, seed: 1 })).resolves.toBeDefined();
      const before = (await contentsOf(database)).streams.size;
      await expect(generateProcesses(database, { ...more, seed: 1 })).rejects.toThrow(
        '--seed: the database holds processes of the seed 1 already; give another one',
      );
      expect((await contentsOf(database)).streams.size).toBe(before);
    });
  });
});

describe('the generator', () => {
  const folder = temporaryFolder();
  /** So many that a thread builds them. */
  const MANY = 20_000;
  const usual: GenerateOptions = { events: 8_000, until: UNTIL, archived: 0.4, pending: 0.02 };
  let contents: Contents;

  async function generate(name: string, options: GenerateOptions): Promise<Contents> {
    const file = join(folder.path, name, 'generated.db');
    await generateSqlite(file, options);
    const database = await openSqliteDatabase({
      file,
      clock: Date.now,
      leaseMs: 0,
      onAppended: () => {},
    });
    const found = await contentsOf(database);
    await database.close();
    return found;
  }

  beforeAll(async () => {
    contents = await generate('usual', usual);
  });

  afterAll(() => folder.remove());

  it('writes 4 to 10 events a process, of about 2 KB each', () => {
    const lengths = [...contents.streams.values()].map(({ length }) => length);
    expect(Math.min(...lengths)).toBe(4);
    expect(Math.max(...lengths)).toBe(10);
    const events = [...contents.streams.values()].flat();
    const characters = events
      .flatMap((row) => Object.values(row))
      .reduce((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);
    expect(characters / events.length).toBeGreaterThan(1_700);
    expect(characters / events.length).toBeLessThan(2_300);
  });

  it('writes shorter texts on request', async () => {
    const length = ({ streams }: Contents): number =>
      [...streams.values()].flat().reduce((sum, row) => sum + (row.request_data?.length ?? 0), 0);
    const short = await generate('short', { ...usual, payload: 0.05 });
    expect(length(short)).toBeLessThan(length(contents) / 3);
    expect(() => readVolumes({ ...usual, payload: -1 })).toThrow('--payload: must be');
  });

  it('spreads them over the year before, all of it in the past', () => {
    const times = [...contents.streams.values()].flat().map((row) => Date.parse(row.created_at));
    times.sort((one, other) => one - other);
    const end = Date.parse(UNTIL);
    expect(times.at(-1)).toBeLessThanOrEqual(end);
    expect(times[0]).toBeGreaterThanOrEqual(end - YEAR_MS);
    for (const quarter of [0.25, 0.5, 0.75]) {
      const at = times[Math.floor(times.length * quarter)] ?? 0;
      expect((end - at) / YEAR_MS).toBeCloseTo(1 - quarter, 1);
    }
  });

  it('writes the requested shares of errors, pending and archived processes', () => {
    const all = contents.processes;
    const share = (of: (process: (typeof all)[number]) => boolean) =>
      all.filter(of).length / all.length;
    expect(Math.abs(share(({ status }) => status === 'error') - 0.02)).toBeLessThan(0.008);
    expect(Math.abs(share(({ status }) => status === 'pending') - 0.02)).toBeLessThan(0.004);
    expect(Math.abs(share(({ archived_at }) => archived_at !== null) - 0.4)).toBeLessThan(0.02);
    const kinds = new Set(all.map(({ error_kind: kind }) => kind));
    expect(kinds).toEqual(new Set([null, 'business', 'technical', 'cancelled']));
    const pending = all.filter(({ status }) => status === 'pending');
    const month = Date.parse(UNTIL) - YEAR_MS / 12;
    for (const { started_at } of pending) expect(Date.parse(started_at)).toBeGreaterThan(month);
  });

  it('writes the same for the same seed, and other events for another', async () => {
    const small: GenerateOptions = { events: 500, until: UNTIL, seed: 7 };
    const first = await generate('first', small);
    expect(await generate('second', small)).toEqual(first);
    const other = await generate('other', { ...small, seed: 8 });
    const ids = new Set(other.streams.keys());
    expect([...first.streams.keys()].some((id) => ids.has(id))).toBe(false);
  });

  it('writes the same when a thread builds it beside the writer', async () => {
    const volumes = readVolumes({ ...usual, events: MANY });
    const here = createBatches(volumes, 1);
    let compared = 0;
    for await (const batch of buildBatches(volumes, 1)) {
      const expected = here.next().value;
      expect(batch.processes).toEqual(expected?.processes);
      const plain = (rows: Values[] = []) =>
        rows.map((row) => row.map((value) => (value instanceof Uint8Array ? value.join() : value)));
      expect(plain(batch.events)).toEqual(plain(expected?.events));
      if (++compared === 3) break;
    }
    expect(compared).toBe(3);
  });

  it('writes whole processes only when the run is ended early', async () => {
    const controller = new AbortController();
    const stopped = await generate('stopped', {
      ...usual,
      events: MANY,
      signal: controller.signal,
      onProgress: (events) => events > 5_000 && controller.abort(),
    });
    expect([...stopped.streams.values()].flat().length).toBeLessThan(10_000);
    expectAllAsTheServiceWritesIt(stopped);
  });

  it.each([
    [{ events: 0 }, '--events: must be a whole number from 1'],
    [{ events: 1.5 }, '--events: must be a whole number from 1'],
    [{ seed: -1 }, '--seed: must be a whole number from 0 on, not -1'],
    [{ archived: 1.1 }, '--archived: must be a share from 0 to 1, not 1.1'],
    [{ pending: Number.NaN }, '--pending: must be a share from 0 to 1, not NaN'],
    [{ errors: 0.6 }, '--errors: must be 0.5 at most'],
    [{ archived: 0.8, pending: 0.4 }, '--archived and --pending: together they must be 1 at most'],
    [{ until: 'yesterday' }, '--until: must be a time like'],
  ])('refuses %o with one sentence, and writes nothing', async (wrong, sentence) => {
    const refused = generateSqlite(join(folder.path, 'refused', 'x.db'), { ...usual, ...wrong });
    await expect(refused).rejects.toThrow(sentence);
    await expect(refused).rejects.toBeInstanceOf(SetupError);
    expect(existsSync(join(folder.path, 'refused'))).toBe(false);
  });
});
