import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqlite } from '../../../infrastructure/sqlite/open.ts';
import { generateSqlite } from '../../../src/cli/generate/generate.ts';
import { endWithUs, until } from '../../support/children.ts';
import { builtFile, type CommandRun, runCommand } from '../../support/commands.ts';
import { temporaryFolder } from '../../support/databases.ts';

const BIN = await builtFile('src/bin.ts');
const EVENTS = 8_000;

describe('the command verify', () => {
  const folder = temporaryFolder();
  const file = join(folder.path, 'fastify-camunda.db');
  const env = { DATA_DIR: folder.path, LOG_LEVEL: 'warn' };
  const verify = (...args: string[]): Promise<CommandRun> => runCommand(['verify', ...args], env);
  let ids: string[];

  /** Changes the database behind the back of the service. */
  function change(statement: string, ...values: unknown[]): void {
    const db = openSqlite(file);
    db.prepare(statement).run(...values);
    db.close();
  }

  beforeAll(async () => {
    await generateSqlite(file, { events: EVENTS, until: '2026-01-31T00:00:00.000Z' });
    const db = openSqlite(file);
    ids = db
      .prepare<[], string>('SELECT correlation_id FROM process_store ORDER BY correlation_id')
      .pluck()
      .all();
    db.close();
  });
  afterAll(() => folder.remove());

  it('G5: finds nothing in a year of generated processes, counts them, and exits with 0', async () => {
    const { code, out, err } = await verify();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^\d+ streams, 800\d events, [\d.]+ s, 0 differences\n$/);
  });

  it('prints a line for each difference and exits with 1, repairs them, and exits with 0', async () => {
    const [first = '', second = ''] = ids;
    change("UPDATE process_store SET current_step = 'elsewhere' WHERE correlation_id = ?", first);
    change('DELETE FROM process_store WHERE correlation_id = ?', second);
    const found = await verify();
    expect(found.code).toBe(1);
    expect(found.out).toContain(
      `${first}: row-differs: process_store: current_step is "elsewhere"`,
    );
    expect(found.out).toContain(`${second}: row-missing: `);
    expect(found.out).toContain('2 differences');
    const repaired = await verify('--repair');
    expect(repaired.code).toBe(0);
    expect(repaired.out).toContain(`${first}: repaired: wrote its row in process_store again`);
    expect((await verify(first, second)).out).toMatch(/^2 streams, .* 0 differences\n$/);
  });

  it('prints one JSON object a line, and exits with 1 for what it cannot repair', async () => {
    const [, , third = ''] = ids;
    change('DELETE FROM event_log WHERE correlation_id = ? AND version = 2', third);
    const { code, out } = await verify(third, '--json', '--repair');
    expect(code).toBe(1);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({ type: 'difference', kind: 'event-removed', version: 2 }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ type: 'repair', correlationId: third, done: false }),
    );
    expect(lines.at(-1)).toMatchObject({ type: 'summary', streams: 1, repaired: 0 });
  });

  it('exits with 2 and one line when it cannot verify', async () => {
    const refused = async (args: string[], more = {}): Promise<string> => {
      const { code, err } = await runCommand(['verify', ...args], { ...env, ...more });
      expect(code, err).toBe(2);
      return err;
    };
    expect(await refused(['--outbox-max-age', 'soon'])).toContain('--outbox-max-age');
    expect(await refused(['two words'])).toMatch(
      /^fastify-camunda: could not verify: .*"two words".*\n$/,
    );
    expect(await refused(['one', '--process', 'onboard-user'])).toContain('--process');
    const nowhere = join(folder.path, 'nowhere');
    expect(await refused([], { DATA_DIR: nowhere })).toMatch(/^[^\n]*DATA_DIR[^\n]*\n$/);
    const away = 'mssql://sa:secret@127.0.0.1:1/db';
    const err = await refused([], { DATABASE_URL: away });
    expect(err).toMatch(/^[^\n]*DATABASE_URL[^\n]*\n$/);
    expect(err).not.toContain('secret');
  });

  /** Sends Ctrl-C at the first line of progress. */
  async function interrupted() {
    const child = spawn(process.execPath, [BIN, 'verify'], {
      env: { PATH: process.env.PATH ?? '', ...env, LOG_LEVEL: 'info' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    endWithUs(child);
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += String(chunk);
    });
    child.stderr.once('data', () => child.kill('SIGINT'));
    const [code] = await once(child, 'close');
    return { code, out };
  }

  it('ends in order at Ctrl-C, with 130, and resumes where it was', async () => {
    // It may come to its end before the signal comes to it.
    const { out } = await until(async () => {
      const run = await interrupted();
      return run.code === 130 && run;
    }, 'it is interrupted');
    const after = /--after '(.+)'/.exec(out)?.[1] ?? '';
    const rest = await verify('--after', after);
    const streams = (text: string): number => Number(/(\d+) streams/.exec(text)?.[1]);
    expect(streams(rest.out)).toBeGreaterThan(0);
    expect(streams(out) + streams(rest.out)).toBe(streams((await verify()).out));
  });
});
