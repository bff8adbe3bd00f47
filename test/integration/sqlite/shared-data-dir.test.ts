import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import { dataLockMode, lockDataDir } from '../../../src/composition/database/data-lock.ts';
import { endWithUs } from '../../support/children.ts';
import { builtFile } from '../../support/commands.ts';
import { temporaryFolder } from '../../support/databases.ts';

const WRITER = await builtFile('test/support/programs/shared-writer.ts');

function write(file: string, count: number): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [WRITER, file, String(count)]);
  endWithUs(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

describe('a data folder', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  it('may be shared by any number of services whose queue and engine are elsewhere', () => {
    const unlock = [1, 2, 3].map(() => lockDataDir(folder.path, 'shared'));
    for (const give of unlock) give();
  });

  it('is kept from a service with embedded parts while others use it, and vice versa', () => {
    const shared = lockDataDir(folder.path, 'shared');
    expect(() => lockDataDir(folder.path, 'exclusive')).toThrow(
      `DATA_DIR: another service is running on ${folder.path}; stop it or choose another folder`,
    );
    shared();
    const exclusive = lockDataDir(folder.path, 'exclusive');
    for (const mode of ['shared', 'exclusive'] as const) {
      expect(() => lockDataDir(folder.path, mode)).toThrow(/^DATA_DIR: .* is running on /);
    }
    exclusive();
    lockDataDir(folder.path, 'exclusive')();
  });

  it.each([
    ['', '', '', 'exclusive'],
    ['', 'redis://r', '', 'exclusive'],
    ['', '', 'http://e', 'exclusive'],
    ['', 'redis://r', 'http://e', 'shared'],
    ['mssql://d', 'redis://r', '', 'exclusive'],
    ['mssql://d', 'redis://r', 'http://e', null],
  ])(
    'is locked with DATABASE_URL=%j REDIS_URL=%j CAMUNDA_BASE_URL=%j: %s',
    (DATABASE_URL, REDIS_URL, CAMUNDA_BASE_URL, mode) => {
      expect(dataLockMode({ DATABASE_URL, REDIS_URL, CAMUNDA_BASE_URL })).toBe(mode);
    },
  );

  it('G3: takes processes that create, migrate and write it at once with gapless versions', async () => {
    const file = join(folder.path, 'new', 'test.db');
    const count = 50;
    const writers = await Promise.all([1, 2, 3, 4].map(() => write(file, count)));
    for (const writer of writers) expect(writer).toEqual({ code: 0, output: `${2 * count}\n` });
    const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
    const database = await openSqliteDatabase({ ...options, file });
    const events = await database.eventStore.readStream('shared');
    expect(events.map(({ version }) => version)).toEqual(
      Array.from({ length: 4 * count }, (_, at) => at + 1),
    );
    expect(await database.outbox.depth()).toMatchObject({ rows: 8 * count });
    await database.close();
  });
});
