import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../infrastructure/sql/database.ts';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import { databaseFile } from '../../../src/composition/database/database-target.ts';
import { checkPurge } from '../../../src/composition/jobs/purge.ts';
import { readConfig } from '../../../src/config.ts';
import { endedProcess, soon } from '../../support/archive-world.ts';
import { builtFile, runCommand } from '../../support/commands.ts';
import { temporaryFolder } from '../../support/databases.ts';
import { requested } from '../../support/events.ts';

const BIN = await builtFile('src/bin.ts');

// A full disk is stood in for by a limit on the size of files: to who writes, both are an error of the write.
describe('the purge by the command archive', () => {
  const folder = temporaryFolder();
  const files = join(folder.path, 'files');
  const env = {
    DATA_DIR: folder.path,
    ARCHIVE_PURGE_AFTER_DAYS: '100',
    ARCHIVE_EXPORT_DIR: files,
    LOG_LEVEL: 'warn',
  };
  let database: Database;
  beforeAll(async () => {
    mkdirSync(files);
    const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
    database = await openSqliteDatabase({ ...options, file: databaseFile(env) });
    const first = requested();
    // What no compression makes smaller than a file may be, further down.
    const variables = { noise: randomBytes(4_000_000).toString('base64') };
    if (first.type === 'process-requested') first.data.variables = variables;
    await endedProcess(database, 'large', first);
    await endedProcess(database, 'live');
    await database.knex('process_store').update({ updated_at: '2025-03-01T00:00:00.000Z' });
    await database.archive.moveBatch({ endedBefore: soon(), limit: 1 });
  });
  afterAll(async () => {
    await database?.close();
    folder.remove();
  });
  const archived = () => database.knex('event_log_archive').distinct('correlation_id');

  it('reports what one run would archive and purge, and does neither', async () => {
    const { code, out } = await runCommand(['archive', '--dry-run'], env);
    expect(code).toBe(0);
    expect(out).toContain('processes  1\n');
    expect(out).toContain('purged     2 processes with 8 events\n');
    expect(out).toContain('from 2025-03-01T00:00:00.000Z to 2025-03-01T00:00:00.000Z\n');
    expect(await archived()).toHaveLength(1);
  });

  it('purges nothing when the files cannot grow, says so in one line, and leaves no file', async () => {
    await database.archive.moveBatch({ endedBefore: soon(), limit: 1 });
    await database.knex.raw('PRAGMA wal_checkpoint(TRUNCATE)');
    // Blocks of 512 bytes: 2 MB, more than what the run writes to the database before.
    const limited = `ulimit -f 4096; exec "${process.execPath}" "${BIN}" archive`;
    const run = await new Promise<{ failed: boolean; err: string }>((resolve) => {
      const options = { env: { PATH: process.env.PATH, ...env, ARCHIVE_AFTER_DAYS: '99' } };
      execFile('sh', ['-c', limited], options, (error, _, err) => {
        resolve({ failed: error !== null, err });
      });
    });
    expect(run).toMatchObject({ failed: true });
    expect(run.err).toMatch(
      /^fastify-camunda: ARCHIVE_EXPORT_DIR: the folder cannot be used \(.*\); nothing was purged/m,
    );
    expect(readdirSync(files)).toEqual([]);
    expect((await archived()).map((row) => row.correlation_id)).toContain('large');
  });

  it('archives, writes the cold archive and purges in one run', async () => {
    const { code, out } = await runCommand(['archive'], env);
    expect(code).toBe(0);
    expect(out).toContain('purged 2 processes with 8 events\n');
    expect(readdirSync(files)).toHaveLength(4);
    expect(await archived()).toEqual([]);
  });
});

describe('the settings of the purge', () => {
  const check = (env: Record<string, string>) => checkPurge(readConfig(env));

  it('are refused by name when they contradict each other', () => {
    expect(check({})).toBeNull();
    expect(check({ ARCHIVE_PURGE_AFTER_DAYS: '91' })).toEqual({ afterMs: 91 * 86_400_000 });
    for (const days of ['90', '1']) {
      expect(() => check({ ARCHIVE_PURGE_AFTER_DAYS: days })).toThrow(
        `ARCHIVE_PURGE_AFTER_DAYS: must be greater than ARCHIVE_AFTER_DAYS, which is 90, not ${days}`,
      );
    }
    const never = { ARCHIVE_AFTER_DAYS: '0', ARCHIVE_PURGE_AFTER_DAYS: '9' };
    expect(() => check(never)).toThrow(
      /^ARCHIVE_PURGE_AFTER_DAYS: is 9, but ARCHIVE_AFTER_DAYS is 0/,
    );
    expect(() => check({ ARCHIVE_EXPORT_DIR: '/tmp' })).toThrow(
      /^ARCHIVE_EXPORT_DIR: .*ARCHIVE_PURGE_AFTER_DAYS is 0; set it, too$/,
    );
  });
});
