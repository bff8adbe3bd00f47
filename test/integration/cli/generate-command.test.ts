import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { openSqlite } from '../../../infrastructure/sqlite/open.ts';
import { databaseFile } from '../../../src/composition/database/database-target.ts';
import { endWithUs, until } from '../../support/children.ts';
import { temporaryFolder } from '../../support/databases.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

describe('the command generate', () => {
  const folder = temporaryFolder();

  afterAll(() => folder.remove());

  /** Everything that it wrote so far comes along. */
  function generate(...args: string[]): { child: ChildProcess; written: () => string } {
    const child = spawn(process.execPath, ['src/bin.mjs', 'generate', ...args], {
      cwd: ROOT,
      env: { ...process.env, DATABASE_URL: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    endWithUs(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    }
    return { child, written: () => text };
  }

  /** So many events that no machine is done before the signal comes. */
  async function generating(dataDir: string): Promise<ReturnType<typeof generate>> {
    const run = generate('--events', '5000000', '--data-dir', dataDir);
    const begun = () => /"done":[1-9]/.test(run.written()) || run.child.exitCode !== null;
    await until(begun, 'the first batch');
    expect(run.child.exitCode, run.written()).toBe(null);
    return run;
  }

  function look(dataDir: string) {
    const db = openSqlite(databaseFile({ DATA_DIR: dataDir }));
    const count = (sql: string) => Number(db.prepare(sql).pluck().get());
    const found = {
      integrity: db.pragma('integrity_check', { simple: true }),
      journal: db.pragma('journal_mode', { simple: true }),
      events: count('SELECT COUNT(*) FROM event_log'),
      processes: count('SELECT COUNT(*) FROM process_store'),
      eventsOfProcesses: count('SELECT COALESCE(SUM(version), 0) FROM process_store'),
      indexes: count("SELECT COUNT(*) FROM sqlite_master WHERE type = 'index'"),
    };
    db.close();
    return found;
  }

  it('leaves whole processes after Ctrl-C, and says how many', async () => {
    const dataDir = join(folder.path, 'interrupted');
    const { child, written } = await generating(dataDir);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
    const found = look(dataDir);
    expect(found).toMatchObject({ integrity: 'ok', journal: 'wal' });
    expect(found.events).toBeGreaterThan(0);
    expect(found.eventsOfProcesses).toBe(found.events);
    expect(written()).toContain(`${found.events.toLocaleString('en')} events`);
  });

  it('leaves an empty database when it is killed, ready for another run', async () => {
    const dataDir = join(folder.path, 'killed');
    const { child } = await generating(dataDir);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(look(dataDir)).toMatchObject({ integrity: 'ok', events: 0, processes: 0 });
    const again = generate('--events', '100', '--data-dir', dataDir);
    expect(await once(again.child, 'exit')).toEqual([0, null]);
    const found = look(dataDir);
    expect(found.events).toBeGreaterThanOrEqual(100);
    expect(found.indexes).toBe(look(join(folder.path, 'interrupted')).indexes);
  });

  it.each([
    [['--events', 'many'], '--events: "many" is not a number'],
    [['--events', '10', '--archived', '2'], '--archived: must be a share from 0 to 1, not 2'],
    [['--events', '10', '--ids', 'short'], '--ids: must be ordered or random, not "short"'],
  ])('refuses %j with one sentence and exit code 1', async (args, sentence) => {
    const dataDir = join(folder.path, 'refused');
    const { child, written } = generate(...args, '--data-dir', dataDir);
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(written()).toBe(`fastify-camunda: ${sentence}\n`);
    expect(existsSync(dataDir)).toBe(false);
  });
});
