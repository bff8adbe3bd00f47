import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Database } from '../../../infrastructure/sql/database.ts';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import { openMssqlDatabase } from '../../../infrastructure/sqlserver/database.ts';
import {
  endedProcess,
  expectWhollyInOnePartition,
  partitionsOf,
  relayAll,
} from '../../support/archive-world.ts';
import { endWithUs, until } from '../../support/children.ts';
import { builtFile, runCommand } from '../../support/commands.ts';
import { temporaryFolder } from '../../support/databases.ts';
import { completed, requested, started, stepCompleted } from '../../support/events.ts';
import { createTestDatabase } from '../../support/mssql.ts';

const BIN = await builtFile('src/bin.ts');
const DAY_MS = 86_400_000;
/** The clock of what has ended long ago. */
const yearAgo = (): number => Date.now() - 365 * DAY_MS;

describe('the command archive', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let database: Database;
  let env: Record<string, string>;
  beforeEach(async () => {
    folder = temporaryFolder();
    env = { DATA_DIR: folder.path };
    const file = join(folder.path, 'fastify-camunda.db');
    database = await openSqliteDatabase({ file, clock: yearAgo, leaseMs: 0, onAppended: () => {} });
  });
  afterEach(async () => {
    await database.close();
    folder.remove();
  });

  const archive = (...args: string[]) => runCommand(['archive', ...args], env);
  const archivedIn = async () =>
    [...(await expectWhollyInOnePartition(database)).values()].filter(({ row }) => row.archived)
      .length;

  /** Ended a year ago, many at once. */
  async function fill(count: number): Promise<void> {
    const ids = Array.from({ length: count }, (_, at) => `many-${at}`);
    await Promise.all(
      ids.map(async (id) => {
        const events = [requested(), started(), stepCompleted(`task-of-${id}`), completed()];
        await database.eventStore.append(id, events);
        await database.processStore.project(id);
      }),
    );
    await relayAll(database);
  }

  it('moves what is older than the limit, and says so in one line', async () => {
    await endedProcess(database, 'old-1');
    await endedProcess(database, 'old-2');
    await database.eventStore.append('pending', [requested()]);
    await database.processStore.project('pending');
    await relayAll(database);
    expect(await archive('--older-than', '366d')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^archived 0 processes with 0 events in 0 batches, [\d.]+ s\n$/),
    });
    const run = await archive();
    expect(run).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^archived 2 processes with 8 events in 1 batches, [\d.]+ s\n$/),
    });
    // A line for each batch, there being no terminal for a bar.
    expect(JSON.parse(run.err)).toMatchObject({ msg: 'archive', done: 2, total: 2, events: 8 });
    expect(await archivedIn()).toBe(2);
    expect((await partitionsOf(database)).get('pending')?.row.live).toBe(true);
  });

  it('lists with --dry-run what would move, and moves nothing', async () => {
    const [first] = await endedProcess(database, 'old-1');
    await endedProcess(database, 'old-2');
    const { updatedAt: oldest } = (await database.processStore.get('old-1')) ?? {};
    const { updatedAt: newest } = (await database.processStore.get('old-2')) ?? {};
    expect(first).toBeDefined();
    // Also while somebody archives.
    const release = await database.maintenanceLock.tryLock('archive', 'exclusive');
    const { code, out, err } = await archive('--dry-run');
    await release?.();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const bytes = await database.archive.previewBytes(new Date().toISOString());
    expect(out).toBe(
      `processes  2\nevents     8\nbytes      ${bytes}\noldest     ${oldest}\nnewest     ${newest}\n`,
    );
    expect(bytes).toBeGreaterThan(500);
    expect(await archivedIn()).toBe(0);
    const none = await archive('--dry-run', '--older-than', '366d');
    expect(none.out).toMatch(
      /^processes {2}0\nevents {5}0\nbytes {6}0\noldest {5}-\nnewest {5}-\n$/,
    );
  });

  it('refuses invalid options in one sentence, and moves nothing', async () => {
    await endedProcess(database, 'old');
    const wrong: [string[], Record<string, string>, RegExp][] = [
      [['--older-than', '90'], {}, /--older-than <time>.*'90'.*90d/],
      [['--older-than=-1d'], {}, /--older-than <time>.*90d/],
      [['--batch', '0'], {}, /--batch <number>.*number from 1 to 1000/],
      [['--batch', 'all'], {}, /--batch <number>.*number from 1 to 1000/],
      [[], { ARCHIVE_AFTER_DAYS: '0' }, /--older-than: ARCHIVE_AFTER_DAYS is 0/],
      [[], { DATA_DIR: join(folder.path, 'nowhere') }, /DATA_DIR: there is no database/],
    ];
    const runs = await Promise.all(
      wrong.map(([args, more]) => runCommand(['archive', ...args], { ...env, ...more })),
    );
    for (const [at, { code, out, err }] of runs.entries()) {
      expect(code, err).toBe(1);
      expect(out).toBe('');
      expect(err).toMatch(wrong[at]?.[2] ?? /never/);
    }
    expect(await archivedIn()).toBe(0);
    const { code } = await runCommand(['archive', '--older-than', '0d'], {
      ...env,
      ARCHIVE_AFTER_DAYS: '0',
    });
    expect(code).toBe(0);
    expect(await archivedIn()).toBe(1);
  });

  it('G8: runs alone: a second one is refused while a first runs, and while tables are replaced', async () => {
    await fill(1_500);
    const first = startArchive('--batch', '1');
    await until(() => archivedSome(database), 'the first is at work');
    const second = await archive();
    expect(second).toMatchObject({
      code: 1,
      out: '',
      err: 'fastify-camunda: another run is archiving in this database; it does the same work, or wait until it ends\n',
    });
    first.child.kill('SIGKILL');
    await first.ended;
    const release = await database.maintenanceLock.tryLock('tables', 'exclusive');
    const { code, err } = await archive();
    expect(code).toBe(1);
    expect(err).toMatch(
      /^fastify-camunda: a run of .* is at work in this database; try again after it\n$/,
    );
    await release?.();
    // What was killed holds no lock, and has left nothing in halves.
    expect(await archive()).toMatchObject({ code: 0 });
    expect(await archivedIn()).toBe(1_500);
  });

  it('G8: ends at Ctrl-C after its batch, and resumes when it is run again', async () => {
    await fill(1_500);
    const first = startArchive('--batch', '1');
    await until(() => archivedSome(database), 'it is at work');
    first.child.kill('SIGINT');
    expect(await first.ended).toEqual([130, null]);
    expect(first.out()).toMatch(/^archived \d+ processes with \d+ events in \d+ batches/);
    expect(first.err()).toContain('stopped; run the same command again to resume');
    const before = await archivedIn();
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(1_500);
    expect(await archive()).toMatchObject({
      code: 0,
      out: expect.stringContaining(`archived ${1_500 - before} processes`),
    });
    expect(await archivedIn()).toBe(1_500);
  });

  function startArchive(...args: string[]) {
    const child: ChildProcess = spawn(process.execPath, [BIN, 'archive', ...args], {
      env: { PATH: process.env.PATH ?? '', ...env },
    });
    endWithUs(child);
    const [out, err] = [child.stdout, child.stderr].map((stream) => {
      let text = '';
      stream?.on('data', (data) => {
        text += String(data);
      });
      return () => text;
    });
    return {
      child,
      out: () => out?.() ?? '',
      err: () => err?.() ?? '',
      ended: once(child, 'close'),
    };
  }
});

describe.skipIf(inject('mssqlUrl') === null)('the command archive on SQL Server', () => {
  it('moves, and lists with --dry-run what would move', async () => {
    const { url, knexConfig, drop } = await createTestDatabase(inject('mssqlUrl') ?? '');
    const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
    const database = await openMssqlDatabase({ ...options, url, knexConfig });
    await endedProcess(database, 'one');
    const run = (...args: string[]) =>
      runCommand(['archive', '--older-than', '0m', ...args], { DATABASE_URL: url });
    expect((await run('--dry-run')).out).toMatch(/^processes {2}1\nevents {5}4\nbytes {6}\d{3,}\n/);
    expect(await run()).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^archived 1 processes with 4 events in 1 batches/),
    });
    expect((await partitionsOf(database)).get('one')?.row.archived).toBe(true);
    await database.close();
    await drop();
  });
});

async function archivedSome({ knex }: Database): Promise<boolean> {
  return (await knex('process_store_archive').limit(1)).length > 0;
}
