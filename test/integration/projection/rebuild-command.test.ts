import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../../infrastructure/sql/database.ts';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import { migrateDown, migrateUp } from '../../../migrations/migrate.ts';
import { endWithUs, until } from '../../support/children.ts';
import { builtFile, runCommand } from '../../support/commands.ts';
import { completed, requested, started, stepCompleted } from '../../support/events.ts';
import { expectCleanedUp, expectRebuilt } from '../../support/rebuild-world.ts';
import { createFolder, type Folder, startTestService } from '../../support/service.ts';

const BIN = await builtFile('src/bin.ts');

describe('the command rebuild', () => {
  let folder: Folder;
  let database: Database;
  let env: Record<string, string>;
  beforeEach(async () => {
    folder = createFolder();
    env = { DATA_DIR: folder.data };
    const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
    database = await openSqliteDatabase({ ...options, file: folder.file });
  });
  afterEach(async () => {
    await database.close();
    folder.remove();
  });

  const run = (...args: string[]) => runCommand(['rebuild', ...args], env);

  async function fill(count: number, from = 0): Promise<void> {
    const ids = Array.from({ length: count }, (_, at) => `many-${from + at}`);
    await Promise.all(
      ids.map(async (id) => {
        const events = [requested(), started(), stepCompleted(`task-of-${id}`), completed()];
        await database.eventStore.append(id, events);
        await database.processStore.project(id);
      }),
    );
    await database.knex('outbox').del();
  }

  it('G5: says in one line what was wrong, and the next time that nothing is', async () => {
    await fill(20);
    await database.knex('process_store').limit(3).update({ version: 1 });
    await database.knex('process_store').where({ correlation_id: 'many-1' }).del();
    const { version } = (await database.processStore.get('many-2')) ?? { version: 0 };
    expect(version).toBe(1);
    expect(await run()).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^rebuilt 20 processes from 80 events: 19 rows were wrong, 1 were missing, 0 had no events; writers waited \d+ ms\nrebuilt the statistics from 80 events\n$/,
      ),
    });
    const again = await run('--process', 'onboard-user');
    expect(again.out).toContain('rebuilt 20 processes from 80 events: every row was right');
    await expectRebuilt(database);
    await expectCleanedUp(database);
  });

  it('refuses in one sentence an unknown process, and a second run', async () => {
    await fill(1);
    expect(await run('--process', 'nobody')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(
        /^fastify-camunda: --process: there is no process of "nobody".*\n$/,
      ),
    });
    const release = await database.maintenanceLock.tryLock('tables', 'shared');
    expect(await run()).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^fastify-camunda: a run of .* is at work in this database.*\n$/),
    });
    await release?.();
    expect((await run()).code).toBe(0);
  });

  /** A rebuild stopped by Ctrl-C, of so many processes that it was not done before. */
  async function stopAtWork() {
    for (let from = 0, more = 4_000; ; from += more, more *= 2) {
      await fill(more, from);
      const child = startRebuild();
      await until(async () => child.process.exitCode !== null || hasCheckpoint(), 'it is at work');
      child.process.kill('SIGINT');
      const [code] = await child.ended;
      if (code === 130) return { child, count: from + more };
      expect({ code, processes: from + more }).toEqual({
        code: 0,
        processes: expect.toBeOneOf([4_000, 12_000]),
      });
    }
  }

  it('G5: ends at Ctrl-C after its page, and resumes when it is run again', async () => {
    const { child, count } = await stopAtWork();
    expect(child.err()).toContain('stopped; run the same command again to resume');
    expect(await hasCheckpoint()).toBe(true);
    const again = await run();
    expect(again.err).toContain('resuming where the last run stopped');
    expect(again.out).toContain(
      `rebuilt ${count.toLocaleString('en')} processes from ${(4 * count).toLocaleString('en')} events: every row was right`,
    );
    await expectCleanedUp(database);
  });

  it('G5: lets a service run meanwhile and after, with the statements that it has prepared', async () => {
    const service = await startTestService({}, folder);
    const go = async (): Promise<void> => {
      const { body } = await service.api.start('instant', {
        userId: '42',
        email: 'ada@example.com',
      });
      expect(body.status).toBe('ok');
      expect((await service.api.status(body.correlationId)).status).toBe(200);
      expect((await service.api.get('/api/process?limit=5')).status).toBe(200);
    };
    await go();
    await fill(2_000);
    for (let at = 0; at < 2; at++) {
      const child = startRebuild();
      let ended = false;
      void child.ended.then(() => {
        ended = true;
      });
      while (!ended) await go();
      expect(await child.ended).toEqual([0, null]);
      await go();
    }
    await service.stop();
    await expectRebuilt(database);
  });

  it('leaves tables that the migrations take back and make again', async () => {
    await fill(3);
    for (let at = 0; at < 2; at++) {
      expect((await run()).code).toBe(0);
      const indexes = await database.knex('sqlite_master').where({ type: 'index' }).pluck('name');
      expect(indexes.filter((name) => /^idx_(status|updated_at)/.test(name))).toHaveLength(2);
    }
    expect((await run()).code).toBe(0);
    const names = await migrateDown(database.knex);
    expect(await migrateUp(database.knex)).toEqual(names.reverse());
  });

  const hasCheckpoint = async (): Promise<boolean> =>
    (await database.knex('checkpoint').where({ name: 'rebuild' })).length > 0;

  function startRebuild() {
    const child: ChildProcess = spawn(process.execPath, [BIN, 'rebuild'], {
      env: { PATH: process.env.PATH ?? '', ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    endWithUs(child);
    let text = '';
    child.stderr?.on('data', (data) => {
      text += String(data);
    });
    return { process: child, err: () => text, ended: once(child, 'close') };
  }
});
