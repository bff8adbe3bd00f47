import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { createPool } from '../../../infrastructure/sqlserver/connection.ts';
import { createDatabase } from '../../../infrastructure/sqlserver/create-database.ts';
import { openMssqlDatabase } from '../../../infrastructure/sqlserver/database.ts';
import { readMssqlUrl } from '../../../infrastructure/sqlserver/target.ts';
import { endWithUs, freePort, isOnPath } from '../../support/children.ts';
import { builtFile } from '../../support/commands.ts';
import { temporaryFolder } from '../../support/databases.ts';
import { LOGIN, startTdsProxy } from '../../support/tds-proxy.ts';

const serverUrl = inject('mssqlUrl');
const BIN = await builtFile('src/bin.ts');
const SECRET = 'do-not-tell';
const SLOW = 90_000;

/** The line that opening a database stops with. */
async function refusal(url: string, connectTimeoutMs = 5_000): Promise<string> {
  const opening = openMssqlDatabase({
    url,
    limits: { connectTimeoutMs },
    clock: Date.now,
    leaseMs: 0,
    onAppended: () => {},
  });
  const error = await opening.catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'SETUP' });
  const { message } = error as Error;
  expect(message).toMatch(/^DATABASE_URL: no SQL Server at [^\n]*$/);
  expect(message).not.toContain(SECRET);
  return message;
}

describe('a wrong DATABASE_URL stops the start with one line', () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  async function listen(server: Server): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close());
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  it('for a host that does not exist', async () => {
    const line = await refusal(`mssql://ada:${SECRET}@nowhere.invalid/front`);
    expect(line).toMatch(/at nowhere\.invalid:1433 lets ada into front: .*nowhere\.invalid/);
  });

  it('for a port where nobody listens', async () => {
    const port = await freePort();
    const line = await refusal(`mssql://ada:${SECRET}@127.0.0.1:${port}/front`);
    expect(line).toMatch(new RegExp(`at 127.0.0.1:${port} lets ada into front: .*connect`));
  });

  it('for a server that takes the connection and does not answer', { timeout: SLOW }, async () => {
    const port = await listen(createServer((socket) => closing.push(() => socket.destroy())));
    const line = await refusal(`mssql://ada:${SECRET}@127.0.0.1:${port}/front`, 500);
    expect(line).toMatch(/Failed to connect to .* in 500ms/);
  });

  it('for a server of another protocol', async () => {
    const port = await listen(
      createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    await refusal(`mssql://ada:${SECRET}@127.0.0.1:${port}/front`);
  });

  it.skipIf(!isOnPath('openssl'))('for a certificate that is not trusted', async () => {
    const folder = temporaryFolder();
    closing.push(folder.remove);
    const [key, cert] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem')];
    spawnSync(
      'openssl',
      `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout ${key} -out ${cert}`.split(
        ' ',
      ),
    );
    const options = {
      key: readFileSync(key),
      cert: readFileSync(cert),
      ALPNProtocols: ['tds/8.0'],
    };
    const port = await listen(createTlsServer(options));
    const line = await refusal(`mssql://ada:${SECRET}@localhost:${port}/front?encrypt=strict`);
    expect(line).toMatch(/self-signed certificate/);
  });

  describe.skipIf(serverUrl === null)('from a server that is available', () => {
    const given = (change: (url: URL) => void): string => {
      const url = new URL(serverUrl ?? '');
      change(url);
      return url.href;
    };

    it('for a wrong password', async () => {
      const url = given((one) => {
        one.password = SECRET;
      });
      expect(await refusal(url)).toMatch(new RegExp(`lets ${new URL(url).username} into .*: .+`));
    });

    it('for a database that does not exist', async () => {
      const url = given((one) => {
        one.pathname = '/no_such_database';
      });
      expect(await refusal(url)).toMatch(/into no_such_database: .+/);
    });

    it('unless --create-database makes the missing one, once, and says when READ_COMMITTED_SNAPSHOT stays off', {
      timeout: SLOW,
    }, async () => {
      // Characters that a name may have, in brackets.
      const name = `fc_test-new ${Date.now().toString(36)}`;
      const url = given((one) => {
        one.pathname = `/${encodeURIComponent(name)}`;
      });
      const master = createPool({ ...readMssqlUrl(url), database: 'master' }, { max: 1 });
      await master.connect();
      try {
        const creation = await createDatabase(url);
        expect(creation.created).toBe(true);
        expect(await createDatabase(url)).toEqual({ created: false });
        const pool = createPool(readMssqlUrl(url), { max: 1 });
        await pool.connect();
        const { recordset } = await pool.request().query(`SELECT DB_NAME() AS name,
          (SELECT is_read_committed_snapshot_on FROM sys.databases WHERE name = DB_NAME()) AS is_on`);
        await pool.close();
        expect(recordset[0].name).toBe(name);
        // It is on, or the reason is printed.
        const reason = creation.created && creation.snapshotError;
        expect(Boolean(recordset[0].is_on) || reason).toBeTruthy();
        expect(reason ?? 'none').not.toContain('\n');
      } finally {
        const quoted = `[${name.replaceAll(']', ']]')}]`;
        await master
          .request()
          .batch(`DROP DATABASE ${quoted}`)
          .catch(() => {});
        await master.close();
      }
    });

    it('for --create-database by a user whom the server does not know', async () => {
      const url = given((one) => {
        one.password = SECRET;
        one.pathname = '/fc_never_made';
      });
      const error = await createDatabase(url).catch((reason: unknown) => reason);
      const user = new URL(url).username;
      expect(error).toMatchObject({
        code: 'SETUP',
        message: expect.stringMatching(
          `^DATABASE_URL: ${user} cannot create the database fc_never_made on [^\\n]+$`,
        ),
      });
      expect((error as Error).message).not.toContain(SECRET);
    });

    it('for encryption that is not available, without sending the password', async () => {
      const proxy = await startTdsProxy(serverUrl ?? '');
      closing.push(() => void proxy.stop());
      const secure = given((one) => {
        one.search = '';
        one.password = SECRET;
      });
      await refusal(proxy.through(secure));
      expect(proxy.messages.length).toBeGreaterThan(0);
      expect(proxy.messages.map(({ type }) => type)).not.toContain(LOGIN);
    });
  });

  it('in commands, too, without a stack trace and with exit code 1', {
    timeout: SLOW,
  }, async () => {
    const port = await freePort();
    const url = `mssql://ada:${SECRET}@127.0.0.1:${port}/front`;
    const commands = [
      ['serve'],
      ['migrate'],
      ['migrate', '--down'],
      ['migrate', '--create-database'],
    ];
    await Promise.all(
      commands.map(async (args) => {
        const env = { PATH: process.env.PATH, DATABASE_URL: url, LOG_LEVEL: 'silent' };
        const child = spawn(process.execPath, [BIN, ...args], {
          env,
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        endWithUs(child);
        let output = '';
        for (const stream of [child.stdout, child.stderr]) {
          stream.on('data', (data) => {
            output += String(data);
          });
        }
        const [code] = await once(child, 'close');
        expect(code).toBe(1);
        expect(output).toMatch(/^fastify-camunda: DATABASE_URL: [^\n]*\n$/);
        expect(output).toContain(`127.0.0.1:${port}`);
        expect(output).not.toContain(SECRET);
      }),
    );
  });
});
