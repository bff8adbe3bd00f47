import { afterEach, describe, expect, inject, it } from 'vitest';
import { bearer } from '../../support/access.ts';
import { until } from '../../support/children.ts';
import { runCommand } from '../../support/commands.ts';
import { createTestDatabase } from '../../support/mssql.ts';
import {
  createFolder,
  type Folder,
  startTestService,
  type TestService,
} from '../../support/service.ts';

/** A command needs a while to come up on a busy machine. */
const SLOW = 180_000;

describe('the command api-key', () => {
  let service: TestService | undefined;
  let folder: Folder | undefined;
  afterEach(async () => {
    await service?.stop();
    folder?.remove();
  });

  it('makes the first key of a service that would not start without one, and ends a key while the service runs', {
    timeout: SLOW,
  }, async () => {
    folder = createFolder();
    const env = { DATA_DIR: folder.data };
    const made = await runCommand(
      ['api-key', 'create', '--name', 'billing', '--scope', 'process:read', '--expires', '90d'],
      env,
    );
    expect(made.code).toBe(0);
    expect(made.out, 'the key alone').toMatch(/^fck_[0-9A-Za-z]{11}_[0-9A-Za-z]{49}\n$/);
    expect(made.err).toMatch(
      /^Key \w{11} of billing for process:read, until .*not shown again\.\n$/,
    );
    const text = made.out.trim();

    service = await startTestService({ AUTH: 'on' }, folder, bearer({ text }));
    const status = async (key: string) =>
      (await fetch(`${service?.url}/api/process`, { headers: bearer({ text: key }) })).status;
    expect(await status(text)).toBe(200);
    const [rotated, listed] = await Promise.all([
      runCommand(['api-key', 'rotate', 'billing'], env),
      runCommand(['api-key', 'list'], env),
    ]);
    expect(rotated.code, rotated.err).toBe(0);
    expect(rotated.err).toContain(`api-key revoke ${text.slice(4, 15)}`);
    expect(listed.out).toMatch(/^id +name +state +created +expires +last used +scopes$/m);
    expect(listed.out).toMatch(
      new RegExp(`^${text.slice(4, 15)} +billing +valid +20.* process:read$`, 'm'),
    );
    expect(listed.out + listed.err).not.toContain(text.slice(16));
    expect(await status(rotated.out.trim()), 'a new key works at once').toBe(200);
    expect(await status(text), 'and so does the old one').toBe(200);

    const revoked = await runCommand(['api-key', 'revoke', text.slice(4, 15)], env);
    expect(revoked.out).toMatch(/^revoked \w{11} \(billing\)/);
    await until(async () => (await status(text)) === 401, 'the old key is void', 8_000);
    expect(await status(rotated.out.trim())).toBe(200);
  });

  it('says in one sentence what is wrong', { timeout: SLOW }, async () => {
    folder = createFolder();
    const env = { DATA_DIR: folder.data };
    const wrong: [string[], RegExp][] = [
      [['create', '--name', 'a'], /--scope/],
      [
        ['create', '--name', 'a', '--scope', 'process:everything'],
        /process:everything.*process:start/,
      ],
      [['create', '--name', 'a b', '--scope', 'admin'], /letters, digits/],
      [['revoke', 'nothing'], /^fastify-camunda: there is no key with the id nothing/],
      [['rotate', 'nobody'], /^fastify-camunda: there is no valid key named nobody/],
    ];
    const runs = await Promise.all(wrong.map(([args]) => runCommand(['api-key', ...args], env)));
    runs.forEach(({ code, out, err }, at) => {
      expect(code, err).toBe(1);
      expect(out).toBe('');
      expect(err).toMatch(wrong[at]?.[1] ?? /never/);
      expect(err).not.toContain('    at ');
    });
  });

  const mssqlUrl = inject('mssqlUrl');
  it.skipIf(mssqlUrl === null)('works on SQL Server', { timeout: SLOW }, async () => {
    const { url, drop } = await createTestDatabase(mssqlUrl ?? '');
    try {
      const env = { DATABASE_URL: url };
      const made = await runCommand(
        ['api-key', 'create', '--name', 'billing', '--scope', 'admin'],
        env,
      );
      expect(made.err).toContain('of billing for admin');
      const id = made.out.slice(4, 15);
      const revoked = await runCommand(['api-key', 'revoke', id], env);
      expect(revoked.out).toContain(`revoked ${id} (billing)`);
      const listed = await runCommand(['api-key', 'list'], env);
      expect(listed.out).toMatch(new RegExp(`^${id} +billing +revoked`, 'm'));
    } finally {
      await drop();
    }
  });
});
