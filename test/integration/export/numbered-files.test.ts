import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SetupError } from '../../../domain/common/index.ts';
import { exportEvents } from '../../../domain/export/index.ts';
import { openExportFile } from '../../../infrastructure/files/export-file.ts';
import { createExportEncoder } from '../../../infrastructure/files/export-formats.ts';
import { endedProcess } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase, temporaryFolder } from '../../support/databases.ts';
import { expectedRows, readExport } from '../../support/exported.ts';

const [sqlite] = databaseKinds();

describe('an export to Parquet files', { timeout: 60_000 }, () => {
  let database: TestDatabase;
  let folder: ReturnType<typeof temporaryFolder>;
  beforeAll(async () => {
    if (!sqlite) throw new Error('no SQLite');
    database = await sqlite.open();
    for (let at = 0; at < 6; at++) await endedProcess(database, `process-${at}`);
  });
  afterAll(() => database?.destroy());
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  /** @param steps after so many it is left as a killed run leaves it: with no end of the file it is at */
  async function run(
    maxFileEvents: number,
    { force = false, steps = Number.POSITIVE_INFINITY } = {},
  ) {
    const target = await openExportFile({
      out: join(folder.path, 'all.parquet'),
      subject: { format: 'parquet', filter: {}, archived: true },
      force,
      head: () => database.feedRows.head(),
    });
    const { exported, upTo } = target;
    const resumed = exported.position !== '0';
    const encoder = createExportEncoder({ format: 'parquet', resumed, maxFileEvents });
    const part = { filter: {}, archived: true, after: exported.position, upTo };
    const rows = {
      ...database.feedRows,
      page: (query: Parameters<typeof database.feedRows.page>[0], signal?: AbortSignal) =>
        database.feedRows.page({ ...query, limit: Math.min(4, query.limit) }, signal),
    };
    let step = 0;
    for await (const piece of exportEvents(rows, part, encoder, new AbortController().signal)) {
      await target.write(piece);
      if (++step < steps) continue;
      await target.leave();
      return { from: exported.position, files: null };
    }
    return { from: exported.position, files: await target.complete() };
  }
  const names = () => readdirSync(folder.path).sort();
  async function rowsIn(...files: string[]) {
    const found = files.map((name) => readExport('parquet', readFileSync(join(folder.path, name))));
    return (await Promise.all(found)).map((rows) => rows);
  }

  it('is one file when it has no more events than that takes', async () => {
    expect(await run(24)).toEqual({ from: '0', files: 1 });
    expect(names()).toEqual(['all.parquet']);
    expect((await rowsIn('all.parquet')).flat()).toEqual(await expectedRows(database, 'parquet'));
  });

  it('has its names when all files are whole, and resumes behind the last whole one', async () => {
    expect(await run(10, { steps: 1 })).toEqual({ from: '0', files: null });
    expect(names()).toEqual(['all.parquet.partial', 'all.parquet.partial.journal']);
    // One whole file, and the one behind it begun.
    writeFileSync(join(folder.path, 'all.2.parquet.partial'), 'of a killed run');
    expect(await run(10)).toEqual({ from: '10', files: 3 });
    expect(names()).toEqual(['all.2.parquet', 'all.3.parquet', 'all.parquet']);
    const files = await rowsIn('all.parquet', 'all.2.parquet', 'all.3.parquet');
    expect(files.map(({ length }) => length)).toEqual([10, 10, 4]);
    expect(files.flat()).toEqual(await expectedRows(database, 'parquet'));
  });

  it('replaces all files of another one with --force only, and leaves none of them', async () => {
    await run(10);
    await expect(run(24)).rejects.toThrow(SetupError);
    await run(24, { force: true });
    expect(names()).toEqual(['all.parquet']);
    writeFileSync(join(folder.path, 'all.2.parquet'), 'of somebody else');
    folder.remove();
    folder = temporaryFolder();
    writeFileSync(join(folder.path, 'all.2.parquet'), 'of somebody else');
    await expect(run(24)).rejects.toThrow(/all\.2\.parquet is there already/);
    expect(names()).toEqual(['all.2.parquet']);
  });
});
