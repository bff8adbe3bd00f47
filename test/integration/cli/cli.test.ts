import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endWithUs, freePort, stopChild, until } from '../../support/children.ts';
import { builtFile } from '../../support/commands.ts';
import { temporaryFolder } from '../../support/databases.ts';

const BIN = await builtFile('src/bin.ts');
/** A command needs a while to come up on a busy machine. */
const SLOW = 90_000;

interface Run {
  child: ChildProcess;
  out: () => string;
  err: () => string;
  exit: Promise<number | null>;
}

describe('the command line', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let runs: Run[];
  beforeEach(() => {
    folder = temporaryFolder();
    runs = [];
  });
  afterEach(async () => {
    await Promise.all(runs.map(({ child }) => stopChild(child)));
    folder.remove();
  });

  function run(args: readonly string[], env: Record<string, string> = {}): Run {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: folder.path,
      env: { PATH: process.env.PATH, DATA_DIR: join(folder.path, 'data'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    endWithUs(child);
    const text = { out: '', err: '' };
    child.stdout.on('data', (data) => {
      text.out += String(data);
    });
    child.stderr.on('data', (data) => {
      text.err += String(data);
    });
    const started: Run = {
      child,
      out: () => text.out,
      err: () => text.err,
      exit: once(child, 'close').then(([code]) => code as number | null),
    };
    runs.push(started);
    return started;
  }

  /** Runs a command that must refuse: exit code 1 and one line for people. */
  async function refusal(args: readonly string[], env: Record<string, string>): Promise<string> {
    const { exit, err } = run(args, env);
    expect(await exit).toBe(1);
    const lines = err().trimEnd().split('\n');
    expect(lines, 'one line, no stack trace').toHaveLength(1);
    return lines[0] ?? '';
  }

  const serving = (service: Run) =>
    until(() => service.out().includes('"msg":"ready"'), 'the service is ready');

  it('names its commands with --help, and refuses an unknown command', {
    timeout: SLOW,
  }, async () => {
    const [help, unknown] = [run(['--help']), run(['frobnicate'])];
    expect(await help.exit).toBe(0);
    for (const command of ['serve', 'demo', 'migrate', 'partner']) {
      expect(help.out()).toMatch(new RegExp(`^ +${command}`, 'm'));
    }
    expect(await unknown.exit).toBe(1);
    expect(unknown.err()).toContain("unknown command 'frobnicate'");
    expect(unknown.err()).not.toContain('    at ');
  });

  it('makes the schema with migrate, says when there is nothing to do, and takes it back', {
    timeout: SLOW,
  }, async () => {
    const steps: [string[], RegExp][] = [
      [['migrate'], /^ran 0001/],
      [['migrate'], /^nothing to do$/m],
      [['migrate', '--down'], /^took back 0001/m],
    ];
    for (const [args, said] of steps) {
      const { exit, out, err } = run(args);
      expect([await exit, err()]).toEqual([0, '']);
      expect(out()).toMatch(said);
    }
    expect(existsSync(join(folder.path, 'data', 'fastify-camunda.db'))).toBe(true);
  });

  it('refuses migrate in one line while another holds the lock; --unlock removes the lock of a dead one', {
    timeout: SLOW,
  }, async () => {
    const first = run(['migrate']);
    expect(await first.exit).toBe(0);
    const db = new BetterSqlite3(join(folder.path, 'data', 'fastify-camunda.db'));
    db.exec('UPDATE knex_migrations_lock SET is_locked = 1');
    db.close();
    expect(await refusal(['migrate'], {})).toContain('fastify-camunda migrate --unlock');
    const unlocked = run(['migrate', '--unlock']);
    expect([await unlocked.exit, unlocked.out()]).toEqual([0, 'nothing to do\n']);
    expect(await refusal(['migrate', '--create-database'], {})).toContain('set DATABASE_URL');
  });

  it('stops the start with one line that names the variable of a wrong setting', {
    timeout: SLOW,
  }, async () => {
    const [port, level, settings] = await Promise.all([
      refusal(['serve'], { PORT: 'eighty' }),
      refusal(['serve'], { LOG_LEVEL: 'loud', LONG_POLL_MS: '0' }),
      refusal(['serve'], { LOG_LEVEL: 'silent', PARTNER_URL: 'nowhere' }),
    ]);
    expect(port).toMatch(/^fastify-camunda: PORT: /);
    expect(level).toMatch(/LOG_LEVEL: .*LONG_POLL_MS: /);
    expect(settings).toMatch(/^fastify-camunda: PARTNER_URL: .*\(setting of the process /);
  });

  it('stops the start with one line that names PORT when the port is taken', {
    timeout: SLOW,
  }, async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const line = await refusal(['serve'], { PORT: String(port), LOG_LEVEL: 'silent' });
    expect(line).toContain(`PORT: cannot listen on 127.0.0.1:${port}`);
    other.close();
  });

  it('runs one service per DATA_DIR; SIGTERM ends it with 0, kill -9 leaves the folder free', {
    timeout: SLOW,
  }, async () => {
    const first = run(['serve'], { PORT: '0' });
    await serving(first);
    const line = await refusal(['serve'], { PORT: '0', LOG_LEVEL: 'silent' });
    expect(line).toContain(`DATA_DIR: another service is running on ${join(folder.path, 'data')}`);
    first.child.kill('SIGKILL');
    await first.exit;
    const next = run(['serve'], { PORT: '0' });
    await serving(next);
    next.child.kill('SIGTERM');
    expect(await next.exit).toBe(0);
    expect(next.out()).toContain('"msg":"stopped"');
    expect(next.err()).toBe('');
  });

  it('logs JSON lines from LOG_LEVEL on, and nothing below it', { timeout: SLOW }, async () => {
    const port = await freePort();
    const service = run(['serve'], { PORT: String(port), LOG_LEVEL: 'warn' });
    await until(
      async () => (await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null))?.ok,
      'the service is ready',
    );
    service.child.kill('SIGINT');
    expect(await service.exit).toBe(0);
    const lines = service.out().split('\n').filter(Boolean);
    for (const line of lines) expect(JSON.parse(line).level).toBeGreaterThanOrEqual(40);
  });
});
