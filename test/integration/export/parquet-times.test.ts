import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportEvents } from '../../../domain/export/index.ts';
import { createColdArchive } from '../../../infrastructure/files/cold-archive.ts';
import { createExportEncoder } from '../../../infrastructure/files/export-formats.ts';
import { endedProcess, soon } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase, temporaryFolder } from '../../support/databases.ts';
import { fileOf, queryDuckDb } from '../../support/exported.ts';

/** Half an hour off, too, so that no rounding hides it. */
const ZONE = 'Asia/Kolkata';
const LAST_CHANGED = '2026-03-01T00:00:00.000Z';

describe.each(databaseKinds())('times in Parquet files from $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    const folder = temporaryFolder();
    const files: Record<string, string> = {};
    let database: TestDatabase;
    beforeAll(async () => {
      database = await kind.open();
      for (const id of ['one', 'two']) await endedProcess(database, id);
      await database.archive.moveBatch({ endedBefore: soon(), limit: 100 });
      const time = kind.name === 'SQLite' ? LAST_CHANGED : new Date(LAST_CHANGED);
      await database.knex('process_store_archive').update({ updated_at: time });
      await createColdArchive(folder.path, database.archivedRows).writePart(
        '2026-03',
        undefined,
        signal(),
      );
      files.event_log_archive = join(folder.path, 'events-2026-03.parquet');
      files.process_store_archive = join(folder.path, 'processes-2026-03.parquet');
      files.export = fileOf(join(folder.path, 'export.parquet'), await exported());
    });
    afterAll(async () => {
      await database?.destroy();
      folder.remove();
    });

    const signal = (): AbortSignal => new AbortController().signal;

    async function exported(): Promise<Uint8Array> {
      const upTo = await database.feedRows.head();
      const part = { filter: {}, archived: true, after: '0', upTo };
      const encoder = createExportEncoder({ format: 'parquet' });
      const pieces: Uint8Array[] = [];
      for await (const { bytes } of exportEvents(database.feedRows, part, encoder, signal())) {
        pieces.push(bytes);
      }
      return Buffer.concat(pieces);
    }

    const query = (sql: string) => queryDuckDb(sql, [`SET TimeZone = '${ZONE}'`]);

    it.each([
      ['event_log_archive', 'event_log_archive', ['created_at', 'archived_at']],
      [
        'process_store_archive',
        'process_store_archive',
        ['started_at', 'updated_at', 'completed_at', 'archived_at'],
      ],
      ['export', 'event_log_archive', ['created_at', 'archived_at']],
    ] as const)(
      'are moments with a time zone, and the right ones, in the file of %s',
      async (name, table, columns) => {
        const described = await query(`DESCRIBE SELECT * FROM '${files[name]}'`);
        const types = new Map(described.map(([column, type]) => [column, type]));
        const times = [...types.keys()].filter((column) => column?.endsWith('_at'));
        expect(times.sort()).toEqual([...columns].sort());
        for (const column of columns) expect(types.get(column)).toBe('TIMESTAMP WITH TIME ZONE');

        const stored = await database.knex(table).orderBy(['correlation_id', 'version']);
        const read = columns.map((column) => `epoch_ms(${column})::VARCHAR`).join(', ');
        const order = 'ORDER BY correlation_id, version';
        expect(await query(`SELECT ${read} FROM '${files[name]}' ${order}`)).toEqual(
          stored.map((row) => columns.map((column) => String(new Date(row[column]).getTime()))),
        );
      },
    );

    it('are found by a time in the time zone of the reader', async () => {
      const [row] = await query(
        `SELECT count(*)::VARCHAR, min(updated_at)::VARCHAR FROM '${files.process_store_archive}'
         WHERE updated_at = '2026-03-01 05:30:00'`,
      );
      expect(row).toEqual(['2', '2026-03-01 05:30:00+05:30']);
    });
  });
});
