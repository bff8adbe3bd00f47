import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SetupError } from '../../../domain/common/errors.ts';
import { createColdArchive } from '../../../infrastructure/files/cold-archive.ts';
import { relayAll } from '../../support/archive-world.ts';
import { until } from '../../support/children.ts';
import { databaseKinds } from '../../support/databases.ts';
import { stepCompleted } from '../../support/events.ts';
import { asInFile, type FileRow, readParquet } from '../../support/exported.ts';
import { type PurgeRig, usePurgeRig } from '../../support/purge-rig.ts';

describe.each(databaseKinds())('the purge with a cold archive on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let rig: PurgeRig;
    usePurgeRig(kind, (opened) => {
      rig = opened;
    });

    it('writes a month when all of it is past, exactly as stored, and keeps the keys', async () => {
      await rig.archived('2026-03-31T23:59:59.990Z', 'march-1', 'march-2', 'march-3');
      await rig.archived('2026-02-10T00:00:00.000Z', 'february');
      await rig.archived('2026-04-01T00:00:00.000Z', 'april');
      const rows = async (table: string, order: string[]) =>
        asInFile(await rig.database.knex(table).whereNot('correlation_id', 'april').orderBy(order));
      const events = await rows('event_log_archive', ['id']);
      const processes = await rows('process_store_archive', ['correlation_id']);
      expect(await rig.purge(rig.coldArchive())).toMatchObject({ processes: 4, events: 16 });
      expect(await rig.left('event_log_archive')).toEqual(['april']);
      expect(await rig.left('process_key')).toEqual([
        'april',
        'february',
        'march-1',
        'march-2',
        'march-3',
      ]);
      const names = ['events-2026-02', 'events-2026-03', 'processes-2026-02', 'processes-2026-03'];
      expect(readdirSync(rig.folder).sort()).toEqual(
        names.flatMap((name) => [`${name}.parquet`, `${name}.parquet.sha256`]),
      );
      const inFiles = async (prefix: string, by: (row: FileRow) => string) =>
        [...(await readParquet(rig.folder, prefix)).values()]
          .flat()
          .sort((a, b) => (by(a) < by(b) ? -1 : 1));
      const byId = (row: FileRow): string => String(row.id).padStart(9, '0');
      expect(await inFiles('events-', byId)).toEqual(events);
      expect(await inFiles('processes-', (row) => String(row.correlation_id))).toEqual(processes);
      for (const name of names) {
        const sum = `${name}.parquet.sha256`;
        const output = execFileSync('sha256sum', ['-c', sum], {
          cwd: rig.folder,
          encoding: 'utf8',
        });
        expect(output).toBe(`${name}.parquet: OK\n`);
      }
    });

    it('writes later processes of a month into a further file, and none into two', async () => {
      await rig.archived('2026-03-02T00:00:00.000Z', 'first');
      await rig.purge(rig.coldArchive());
      await rig.archived('2026-03-03T00:00:00.000Z', 'second');
      await rig.purge(rig.coldArchive());
      await rig.archived('2026-03-04T00:00:00.000Z', 'third');
      await rig.purge(rig.coldArchive());
      expect(await rig.purge(rig.coldArchive())).toMatchObject({ processes: 0 });
      expect([...(await readParquet(rig.folder, 'processes-')).keys()]).toEqual([
        'processes-2026-03.2.parquet',
        'processes-2026-03.3.parquet',
        'processes-2026-03.parquet',
      ]);
      expect((await rig.versionsInFiles('processes-')).sort()).toEqual([
        'first 4',
        'second 4',
        'third 4',
      ]);
      expect(await rig.left('process_store_archive')).toEqual([]);
    });

    it('begins no file for nothing, which a kill would leave for ever', async () => {
      await rig.archived('2026-03-02T00:00:00.000Z', 'first');
      const coldArchive = rig.coldArchive();
      await rig.purge(coldArchive);
      const begun: string[] = [];
      const watcher = watch(rig.folder, (_, name) => void begun.push(String(name)));
      try {
        expect(
          await coldArchive.writePart('2026-03', undefined, new AbortController().signal),
        ).toBeNull();
        writeFileSync(join(rig.folder, 'seen'), '');
        await until(() => begun.includes('seen'), 'what was written is seen');
        expect(begun.filter((name) => name !== 'seen')).toEqual([]);
      } finally {
        watcher.close();
      }
    });

    it('writes a month in parts of whole processes, each purged before the next; a stopped run resumes behind the last', async () => {
      const ids = ['a', 'b', 'c', 'd', 'e'];
      await rig.archived('2026-03-02T00:00:00.000Z', ...ids);
      const parts = () =>
        createColdArchive(rig.folder, rig.database.archivedRows, { maxEvents: 8 });
      const rows = {
        ...rig.database.archivedRows,
        // So that a page does not have all of them.
        list: (page: Parameters<typeof rig.database.archivedRows.list>[0]) =>
          rig.database.archivedRows.list({ ...page, limit: Math.min(2, page.limit) }),
      };
      const small = createColdArchive(rig.folder, rows, { maxEvents: 8 });
      const stopped = await rig.purge(small, { batch: 1, stopAfterBatch: true });
      expect(stopped).toMatchObject({ processes: 1, events: 4 });
      expect(readdirSync(rig.folder)).toHaveLength(4);
      const before = await rig.versionsInFiles('processes-');
      expect(before).toEqual(['a 4', 'b 4']);
      expect(await rig.purge(parts())).toMatchObject({ processes: 4, events: 16 });
      const written = [...(await readParquet(rig.folder, 'processes-'))].map(([name, found]) => [
        name,
        found.map((row) => row.correlation_id),
      ]);
      expect(written).toEqual([
        ['processes-2026-03.2.parquet', ['c', 'd', 'e']],
        ['processes-2026-03.parquet', ['a', 'b']],
      ]);
      expect(await rig.left('process_store_archive')).toEqual([]);
    });

    it('deletes by the files of a run that did not get to it, and writes none again', async () => {
      await rig.archived('2026-03-02T00:00:00.000Z', 'one', 'two', 'three', 'four');
      // The first run ends after its files, before it deletes all.
      const first = await rig.purge(rig.coldArchive(), { stopAfterBatch: true });
      expect(first).toMatchObject({ batches: 1, processes: 2 });
      await rig.database.eventStore.append((await rig.left('event_log_archive'))[0] ?? '', [
        stepCompleted('late'),
      ]);
      await relayAll(rig.database);
      expect(await rig.purge(rig.coldArchive())).toMatchObject({ processes: 1 });
      expect(await rig.left('event_log_archive')).toHaveLength(1);
      expect(await rig.versionsInFiles('processes-')).toHaveLength(4);
      expect(readdirSync(rig.folder)).toHaveLength(4);
    });

    it('purges nothing of a month whose file does not match its checksum', async () => {
      await rig.archived('2026-03-02T00:00:00.000Z', 'kept');
      await rig.coldArchive().writePart('2026-03', undefined, new AbortController().signal);
      writeFileSync(join(rig.folder, 'events-2026-03.parquet'), 'PAR1 no more');
      await expect(rig.purge(rig.coldArchive())).rejects.toThrow(SetupError);
      await expect(rig.purge(rig.coldArchive())).rejects.toThrow(
        /events-2026-03\.parquet is not what/,
      );
      expect(await rig.left('event_log_archive')).toEqual(['kept']);
    });

    it('says so when the folder cannot be written, and purges nothing', async () => {
      await rig.archived('2026-03-02T00:00:00.000Z', 'kept');
      const file = join(rig.folder, 'a-file');
      writeFileSync(file, '');
      for (const path of [file, join(rig.folder, 'not-there')]) {
        const coldArchive = createColdArchive(path, rig.database.archivedRows);
        await expect(rig.purge(coldArchive)).rejects.toThrow(
          /^ARCHIVE_EXPORT_DIR: the folder cannot be used/,
        );
      }
      expect(existsSync(join(rig.folder, 'not-there'))).toBe(false);
      expect(await rig.left('event_log_archive')).toEqual(['kept']);
    });

    it('leaves out what is restored while the file is written', async () => {
      await rig.archived('2026-03-02T00:00:00.000Z', 'stays', 'restored');
      const rows = {
        ...rig.database.archivedRows,
        // Between the look at the processes and the reading of their rows.
        read: async (processes: Parameters<typeof rig.database.archivedRows.read>[0]) => {
          await rig.database.archive.restore('restored');
          return rig.database.archivedRows.read(processes);
        },
      };
      expect(await rig.purge(createColdArchive(rig.folder, rows))).toMatchObject({ processes: 1 });
      expect(await rig.versionsInFiles('events-')).toEqual([
        'stays 1',
        'stays 2',
        'stays 3',
        'stays 4',
      ]);
      expect(await rig.left('event_log')).toEqual(['restored']);
    });
  });
});
