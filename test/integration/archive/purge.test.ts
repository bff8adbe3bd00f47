import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ColdArchive } from '../../../domain/archive/purge.ts';
import { purgeArchive } from '../../../domain/archive/purge-archive.ts';
import { SetupError } from '../../../domain/common/errors.ts';
import { createColdArchive } from '../../../infrastructure/files/cold-archive.ts';
import {
  endedProcess,
  expectWhollyInOnePartition,
  relayAll,
  soon,
} from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase, temporaryFolder } from '../../support/databases.ts';
import { stepCompleted } from '../../support/events.ts';
import { asInFile, type FileRow, readParquet } from '../../support/exported.ts';

const TABLES = ['event_log', 'event_log_archive', 'process_store', 'process_store_archive'];
/** When the runs of these tests are: March and all before it is past, April is not wholly. */
const NOW = Date.parse('2026-04-20T12:00:00.000Z');

describe.each(databaseKinds())('the purge on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let database: TestDatabase;
    let folder: ReturnType<typeof temporaryFolder>;
    beforeAll(async () => {
      database = await kind.open();
    });
    beforeEach(() => {
      folder = temporaryFolder();
    });
    afterEach(async () => {
      await expectWhollyInOnePartition(database);
      for (const table of [...TABLES, 'outbox', 'process_key']) await database.knex(table).del();
      folder.remove();
    });
    afterAll(() => database?.destroy());

    const toFiles = () => createColdArchive(folder.path, database.archivedRows);
    const run = (coldArchive: ColdArchive | null = null, signal = new AbortController().signal) =>
      purgeArchive(
        { purge: database.purge, coldArchive, clock: () => NOW },
        { olderThanMs: 0, batch: 2 },
        signal,
      );
    /** Archives processes as if each had last changed at that time. */
    async function archived(at: string, ...ids: string[]): Promise<void> {
      for (const id of ids) await endedProcess(database, id);
      await database.archive.moveBatch({ endedBefore: soon(), limit: 100 });
      const time = kind.name === 'SQLite' ? at : new Date(at);
      const rows = database.knex('process_store_archive').whereIn('correlation_id', ids);
      await rows.update({ updated_at: time });
      for (const id of ids) {
        const created_at = kind.name === 'SQLite' ? at : new Date(at);
        await database.knex('process_key').insert({ correlation_id: id, created_at });
      }
    }
    const left = async (table: string): Promise<string[]> => {
      const rows = await database.knex(table).distinct('correlation_id').orderBy('correlation_id');
      return rows.map(({ correlation_id }) => correlation_id);
    };
    const versions = async (prefix: string): Promise<string[]> =>
      [...(await readParquet(folder.path, prefix))].flatMap(([, rows]) =>
        rows.map((row) => `${row.correlation_id} ${row.version}`),
      );

    it('deletes what is old enough, with its events and its key, and nothing else', async () => {
      await archived('2026-04-20T11:59:59.000Z', 'a', 'b', 'c');
      await archived('2026-04-20T12:00:00.000Z', 'young');
      await endedProcess(database, 'live');
      const before = new Date(NOW).toISOString();
      expect(await database.purge.preview(before)).toEqual({
        ...{ processes: 3, events: 12 },
        oldest: '2026-04-20T11:59:59.000Z',
        newest: '2026-04-20T11:59:59.000Z',
      });
      expect(await run()).toEqual({ batches: 2, processes: 3, events: 12 });
      expect(await left('process_store_archive')).toEqual(['young']);
      expect(await left('event_log_archive')).toEqual(['young']);
      expect(await left('process_key')).toEqual(['young']);
      expect(await left('process_store')).toEqual(['live']);
      expect(await run()).toEqual({ batches: 0, processes: 0, events: 0 });
    });

    it('leaves an erased process until the engine has deleted its history', async () => {
      await archived('2026-03-01T00:00:00.000Z', 'due', 'done');
      const key = database.knex('process_key').where('correlation_id', 'due');
      await key.clone().update({ wrapped_key: null, erased_at: database.knex.fn.now() });
      expect(await run()).toMatchObject({ processes: 1 });
      expect(await run(toFiles())).toMatchObject({ processes: 0 });
      expect(readdirSync(folder.path)).toEqual([]);
      expect(await left('process_key')).toEqual(['due']);
      await key.update({ engine_erased_at: database.knex.fn.now() });
      expect(await run()).toMatchObject({ processes: 1 });
      expect(await left('process_key')).toEqual([]);
    });

    it('counts more events than a number of 32 bits holds', async () => {
      await archived('2026-04-20T11:59:59.000Z', 'a', 'b');
      const versions = () => database.knex('process_store_archive');
      const { events } = await database.purge.preview(new Date(NOW).toISOString());
      const most = 2 ** 31 - 1;
      await versions().update({ version: most });
      const preview = await database.purge.preview(new Date(NOW).toISOString());
      await versions().update({ version: events / 2 });
      expect(preview).toMatchObject({ processes: 2, events: 2 * most });
    });

    it('G8: leaves a process that gets a late event or is restored at the last moment', async () => {
      await archived('2026-03-01T00:00:00.000Z', 'late', 'back', 'gone');
      const given = ['late', 'back', 'gone'].map((correlationId) => ({
        correlationId,
        version: 4,
      }));
      await database.eventStore.append('late', [stepCompleted('t')]);
      await database.archive.restore('back');
      const removed = await database.purge.remove(given, { keepKeys: false });
      expect(removed).toEqual({ processes: 1, events: 4 });
      expect(await left('process_key')).toEqual(['back', 'late']);
      expect(await database.eventStore.readStream('late')).toHaveLength(5);
      expect(await database.eventStore.readStream('back')).toHaveLength(4);
      await relayAll(database);
    });

    it('leaves a process whose events are incomplete for somebody to look at', async () => {
      await archived('2026-02-01T00:00:00.000Z', 'damaged', 'sound');
      const events = database.knex('event_log_archive').where('correlation_id', 'damaged');
      await events.clone().where('version', 2).del();
      expect(await run()).toMatchObject({ processes: 1 });
      expect(await run(toFiles())).toMatchObject({ processes: 0 });
      expect(readdirSync(folder.path)).toEqual([]);
      expect(await left('event_log_archive')).toEqual(['damaged']);
      await events.del();
      await database.knex('process_store_archive').del();
    });

    it('G8: deletes while events, moves and restores come, and loses none of them', async () => {
      const ids = Array.from({ length: 6 }, (_, at) => `met-${at}`);
      await archived('2026-03-01T00:00:00.000Z', ...ids);
      const coldArchive = toFiles();
      await coldArchive.writePart('2026-03', undefined, new AbortController().signal);
      const late = ids.slice(0, 2).map((id) => database.eventStore.append(id, [stepCompleted(id)]));
      const back = ids.slice(2, 4).map((id) => database.archive.restore(id));
      await Promise.all([run(coldArchive), ...late, ...back]);
      await relayAll(database);
      const partitions = await expectWhollyInOnePartition(database);
      for (const [at, id] of ids.entries()) {
        const length = (await database.eventStore.readStream(id)).length;
        // An event for a stream that was already deleted begins a new one.
        if (at < 2) expect([1, 5]).toContain(length);
        else if (at < 4) expect(length).toBe((await back[at - 2]) === 'restored' ? 4 : 0);
        else expect(length).toBe(0);
      }
      for (const id of ids.slice(2, 4)) {
        expect(partitions.get(id)?.row.live ?? false).toBe(
          (partitions.get(id)?.events.live.length ?? 0) > 0,
        );
      }
      const begunAgain = ids
        .slice(0, 2)
        .filter((id) => (partitions.get(id)?.events.live.length ?? 0) > 0);
      expect(begunAgain.every((id) => !partitions.get(id)?.row.archived)).toBe(true);
    });

    describe('with a cold archive', () => {
      it('writes a month when all of it is past, exactly as stored, and keeps the keys', async () => {
        await archived('2026-03-31T23:59:59.990Z', 'march-1', 'march-2', 'march-3');
        await archived('2026-02-10T00:00:00.000Z', 'february');
        await archived('2026-04-01T00:00:00.000Z', 'april');
        const rows = async (table: string, order: string[]) =>
          asInFile(await database.knex(table).whereNot('correlation_id', 'april').orderBy(order));
        const events = await rows('event_log_archive', ['id']);
        const processes = await rows('process_store_archive', ['correlation_id']);
        expect(await run(toFiles())).toMatchObject({ processes: 4, events: 16 });
        expect(await left('event_log_archive')).toEqual(['april']);
        expect(await left('process_key')).toEqual([
          'april',
          'february',
          'march-1',
          'march-2',
          'march-3',
        ]);
        const names = [
          'events-2026-02',
          'events-2026-03',
          'processes-2026-02',
          'processes-2026-03',
        ];
        expect(readdirSync(folder.path).sort()).toEqual(
          names.flatMap((name) => [`${name}.parquet`, `${name}.parquet.sha256`]),
        );
        const inFiles = async (prefix: string, by: (row: FileRow) => string) =>
          [...(await readParquet(folder.path, prefix)).values()]
            .flat()
            .sort((a, b) => (by(a) < by(b) ? -1 : 1));
        const byId = (row: FileRow): string => String(row.id).padStart(9, '0');
        expect(await inFiles('events-', byId)).toEqual(events);
        expect(await inFiles('processes-', (row) => String(row.correlation_id))).toEqual(processes);
        for (const name of names) {
          const sum = `${name}.parquet.sha256`;
          const output = execFileSync('sha256sum', ['-c', sum], {
            cwd: folder.path,
            encoding: 'utf8',
          });
          expect(output).toBe(`${name}.parquet: OK\n`);
        }
      });

      it('writes later processes of a month into a further file, and none into two', async () => {
        await archived('2026-03-02T00:00:00.000Z', 'first');
        await run(toFiles());
        await archived('2026-03-03T00:00:00.000Z', 'second');
        await run(toFiles());
        await archived('2026-03-04T00:00:00.000Z', 'third');
        await run(toFiles());
        expect(await run(toFiles())).toMatchObject({ processes: 0 });
        expect([...(await readParquet(folder.path, 'processes-')).keys()]).toEqual([
          'processes-2026-03.2.parquet',
          'processes-2026-03.3.parquet',
          'processes-2026-03.parquet',
        ]);
        expect((await versions('processes-')).sort()).toEqual(['first 4', 'second 4', 'third 4']);
        expect(await left('process_store_archive')).toEqual([]);
      });

      it('writes a month in parts of whole processes, each purged before the next; a stopped run resumes behind the last', async () => {
        const ids = ['a', 'b', 'c', 'd', 'e'];
        await archived('2026-03-02T00:00:00.000Z', ...ids);
        const parts = () => createColdArchive(folder.path, database.archivedRows, { maxEvents: 8 });
        const rows = {
          ...database.archivedRows,
          // So that a page does not have all of them.
          list: (page: Parameters<typeof database.archivedRows.list>[0]) =>
            database.archivedRows.list({ ...page, limit: Math.min(2, page.limit) }),
        };
        const controller = new AbortController();
        const stopped = await purgeArchive(
          {
            purge: database.purge,
            coldArchive: createColdArchive(folder.path, rows, { maxEvents: 8 }),
            clock: () => NOW,
          },
          { olderThanMs: 0, batch: 1 },
          controller.signal,
          () => controller.abort(),
        );
        expect(stopped).toMatchObject({ processes: 1, events: 4 });
        expect(readdirSync(folder.path)).toHaveLength(4);
        const before = await versions('processes-');
        expect(before).toEqual(['a 4', 'b 4']);
        expect(await run(parts())).toMatchObject({ processes: 4, events: 16 });
        const written = [...(await readParquet(folder.path, 'processes-'))].map(([name, found]) => [
          name,
          found.map((row) => row.correlation_id),
        ]);
        expect(written).toEqual([
          ['processes-2026-03.2.parquet', ['c', 'd', 'e']],
          ['processes-2026-03.parquet', ['a', 'b']],
        ]);
        expect(await left('process_store_archive')).toEqual([]);
      });

      it('deletes by the files of a run that did not get to it, and writes none again', async () => {
        await archived('2026-03-02T00:00:00.000Z', 'one', 'two', 'three', 'four');
        const controller = new AbortController();
        // The first run ends after its files, before it deletes all.
        const first = await purgeArchive(
          { purge: database.purge, coldArchive: toFiles(), clock: () => NOW },
          { olderThanMs: 0, batch: 2 },
          controller.signal,
          () => controller.abort(),
        );
        expect(first).toMatchObject({ batches: 1, processes: 2 });
        await database.eventStore.append((await left('event_log_archive'))[0] ?? '', [
          stepCompleted('late'),
        ]);
        await relayAll(database);
        expect(await run(toFiles())).toMatchObject({ processes: 1 });
        expect(await left('event_log_archive')).toHaveLength(1);
        expect(await versions('processes-')).toHaveLength(4);
        expect(readdirSync(folder.path)).toHaveLength(4);
      });

      it('purges nothing of a month whose file does not match its checksum', async () => {
        await archived('2026-03-02T00:00:00.000Z', 'kept');
        await toFiles().writePart('2026-03', undefined, new AbortController().signal);
        writeFileSync(join(folder.path, 'events-2026-03.parquet'), 'PAR1 no more');
        await expect(run(toFiles())).rejects.toThrow(SetupError);
        await expect(run(toFiles())).rejects.toThrow(/events-2026-03\.parquet is not what/);
        expect(await left('event_log_archive')).toEqual(['kept']);
      });

      it('says so when the folder cannot be written, and purges nothing', async () => {
        await archived('2026-03-02T00:00:00.000Z', 'kept');
        const file = join(folder.path, 'a-file');
        writeFileSync(file, '');
        for (const path of [file, join(folder.path, 'not-there')]) {
          const coldArchive = createColdArchive(path, database.archivedRows);
          await expect(run(coldArchive)).rejects.toThrow(
            /^ARCHIVE_EXPORT_DIR: the folder cannot be used/,
          );
        }
        expect(existsSync(join(folder.path, 'not-there'))).toBe(false);
        expect(await left('event_log_archive')).toEqual(['kept']);
      });

      it('leaves out what is restored while the file is written', async () => {
        await archived('2026-03-02T00:00:00.000Z', 'stays', 'restored');
        const rows = {
          ...database.archivedRows,
          // Between the look at the processes and the reading of their rows.
          read: async (processes: Parameters<typeof database.archivedRows.read>[0]) => {
            await database.archive.restore('restored');
            return database.archivedRows.read(processes);
          },
        };
        expect(await run(createColdArchive(folder.path, rows))).toMatchObject({ processes: 1 });
        expect(await versions('events-')).toEqual(['stays 1', 'stays 2', 'stays 3', 'stays 4']);
        expect(await left('event_log')).toEqual(['restored']);
      });
    });
  });
});
