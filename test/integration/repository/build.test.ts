import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPartner } from '../../../src/cli/partner-service.ts';
import { endWithUs, freePort, stopChild, until } from '../../support/children.ts';
import { builtFile } from '../../support/commands.ts';
import { quoteParcel, writeReadmeProcess } from '../../support/process-folders.ts';

const bin = await builtFile('src/bin.ts');

describe('the command that npm run build makes', () => {
  let elsewhere: string;
  const children: ChildProcess[] = [];

  beforeAll(() => {
    elsewhere = mkdtempSync(join(tmpdir(), 'fastify-camunda-build-'));
  });
  afterAll(async () => {
    await Promise.all(children.map(stopChild));
    rmSync(elsewhere, { recursive: true, force: true });
  });

  it('runs by itself and explains each of its commands with --help', () => {
    const help = (...args: string[]) =>
      execFileSync(bin, [...args, '--help'], { cwd: elsewhere, encoding: 'utf8' });
    const commands = [...help().matchAll(/^ {2}([a-z-]+) /gm)]
      .map(([, name]) => name ?? '')
      .filter((name) => name !== '' && name !== 'help');
    expect(commands).toEqual(expect.arrayContaining(['serve', 'migrate', 'partner', 'demo']));
    for (const command of commands) {
      expect(help(command)).toMatch(new RegExp(`^Usage: fastify-camunda ${command}`));
    }
  });

  it('has the client by itself for the examples, as npm run demo makes it in a clone', async () => {
    const script = fileURLToPath(new URL('../../../scripts/build-client.mjs', import.meta.url));
    execFileSync(process.execPath, [script, elsewhere]);
    const file = join(elsewhere, 'src', 'client', 'index.js');
    const { createClient } = await import(pathToFileURL(file).href);
    expect(Object.keys(createClient({ baseUrl: 'http://127.0.0.1:1' }))).toContain('startAndWait');
    expect(readFileSync(new URL('../../../scripts/demo.mjs', import.meta.url), 'utf8')).toContain(
      'buildClient()',
    );
  });

  /** Serves with what was built, from a folder that has nothing to do with it. */
  async function serve(env: Record<string, string>): Promise<{ url: string; child: ChildProcess }> {
    const port = await freePort();
    const child = spawn(process.execPath, [bin, 'serve'], {
      cwd: elsewhere,
      env: { PATH: process.env.PATH, PORT: String(port), ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    endWithUs(child);
    let out = '';
    child.stdout.on('data', (data) => {
      out += String(data);
    });
    await until(() => out.includes('"msg":"ready"'), 'the service is ready');
    return { url: `http://127.0.0.1:${port}`, child };
  }

  it('serves a process in TypeScript from any folder with plain node', async () => {
    const processes = join(elsewhere, 'processes');
    writeReadmeProcess(processes);
    const data = join(elsewhere, 'data of a process');
    const { url, child } = await serve({ PROCESSES_DIR: processes, DATA_DIR: data });
    expect(await quoteParcel(url, 2.5)).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await quoteParcel(url, 31)).toMatchObject({ status: 422, body: { code: 'TOO_HEAVY' } });
    await stopChild(child);
  });

  it('serves the embedded engine and shipped processes with plain node', async () => {
    const partner = await startPartner({ port: 0 });
    const { url, child } = await serve({
      PARTNER_URL: partner.url,
      DATA_DIR: join(elsewhere, 'data'),
    });
    const answer = await fetch(`${url}/api/process/start`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        processKey: 'onboard-user',
        variables: { userId: '42', email: 'ada@example.com' },
      }),
    });
    expect([answer.status, await answer.json()]).toMatchObject([200, { status: 'ok' }]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    await partner.stop();
    // Its work is done in a thread, whose file has another name there.
    const archived = execFileSync(bin, ['archive', '--older-than', '0m'], {
      cwd: elsewhere,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(archived).toMatch(/^archived 1 processes /);
  });

  it('generates processes in a database, built in a thread beside the writer', () => {
    const args = ['--events', '20000', '--data-dir', join(elsewhere, 'generated')];
    const output = execFileSync(bin, ['generate', ...args], {
      cwd: elsewhere,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(output).toMatch(/^20,00\d events of /);
  });
});
