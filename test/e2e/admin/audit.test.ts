import { afterEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../domain/audit/index.ts';
import { accessWithKeys, bearer } from '../../support/access.ts';
import { endedProcess, moveBatch } from '../../support/archive-world.ts';
import { type CommandRun, runCommand, startServiceProcess } from '../../support/commands.ts';
import { createFolder, settingsFor } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';
import { startParts } from '../../support/service-parts.ts';

describe('G15: the audit log', () => {
  const cleanup: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  it('tells who restored and erased what and why, by the name of the key, page by page', async () => {
    const { made, makeAccess } = accessWithKeys({ ops: ['admin'], reader: ['process:read'] });
    const parts = await startParts(undefined, {
      makeAccess,
      get headers() {
        return bearer(made.ops ?? { text: '' });
      },
    });
    cleanup.push(() => parts.stop());
    await endedProcess(parts.database, 'old');
    await moveBatch(parts.database, 10);
    const { api } = parts;
    await api.post('/api/process/old/restore', { json: { reason: 'ticket 7' } });
    await api.post('/api/process/old/erase', { json: { reason: 'asked for' } });
    await api.post('/api/admin/jobs/failed/no-such/retry');
    const read = async (query: string) =>
      JSON.parse((await api.get(`/api/admin/audit?${query}`)).text) as {
        entries: AuditEntry[];
        nextCursor: string | null;
      };
    const { entries } = await read('actor=ops');
    expect(entries.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'retry-jobs refused',
      'retry-jobs begun',
      'erase refused',
      'erase begun',
      'restore done',
      'restore begun',
    ]);
    expect(entries.at(-1)).toMatchObject({ subject: 'old', details: { reason: 'ticket 7' } });
    expect(entries.at(-2)).toMatchObject({ subject: 'old', details: { kind: 'restored' } });
    const pages: AuditEntry[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await read(`actor=ops&limit=4${cursor && `&cursor=${cursor}`}`);
      pages.push(...page.entries);
      cursor = page.nextCursor;
    }
    expect(pages).toEqual(entries);
    expect((await read('subject=old&action=erase&outcome=begun')).entries).toHaveLength(1);
    expectProblem(
      await api.get('/api/admin/audit?who=ops'),
      'invalid-request',
      /the parameters are/,
    );
    expectProblem(await api.get('/api/admin/audit?action=nothing'), 'invalid-request');
    const asReader = await fetch(`${api.url}/api/admin/audit`, {
      headers: bearer(made.reader ?? { text: '' }),
    });
    expect(asReader.status).toBe(403);
  });

  it('tells of what commands do, and of a start only when settings differ from the last', async () => {
    const folder = createFolder();
    cleanup.push(folder.remove);
    const start = async (more: Record<string, string> = {}) => {
      const service = await startServiceProcess(folder, more);
      cleanup.push(() => service.kill('SIGKILL'));
      return service;
    };
    const first = await start();
    const answer = await first.api.start('counted', { number: 1 }, { correlationId: 'one' });
    expect(answer.status).toBe(200);
    first.kill('SIGTERM');
    await first.ended;
    const run = (...args: string[]): Promise<CommandRun> =>
      runCommand(args, settingsFor(folder, {}));
    const made = await run('api-key', 'create', '--name', 'ops', '--scope', 'admin');
    expect(made.code).toBe(0);
    const id = made.out.slice(4, 15);
    await run('api-key', 'revoke', id);
    await run('archive', '--older-than', '0s');
    await run('restore', 'one', 'nobody');
    await run('erase', 'one');
    await run('rebuild', '--process', 'counted');
    await run('verify', '--repair');
    const second = await start();
    second.kill('SIGTERM');
    await second.ended;
    const third = await start({ WAITERS_MAX: '77' });
    third.kill('SIGTERM');
    await third.ended;

    const printed = await run('audit');
    expect(printed.code, printed.err).toBe(0);
    const entries: AuditEntry[] = printed.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const lines = entries.map(({ action, outcome, subject }) =>
      [action, outcome, subject].filter(Boolean).join(' '),
    );
    const roles = 'api,projector,relay,retention,worker';
    expect(lines).toEqual([
      `start-service done ${roles}`,
      `api-key-create begun ${id}`,
      `api-key-create done ${id}`,
      `api-key-revoke begun ${id}`,
      `api-key-revoke done ${id}`,
      'archive begun',
      'archive done',
      'restore begun one',
      'restore done one',
      'restore begun nobody',
      'restore refused nobody',
      'erase begun one',
      'erase refused one',
      'rebuild begun',
      'rebuild done',
      'repair begun',
      'repair done',
      `start-service done ${roles}`,
    ]);
    expect(entries[6]?.details).toEqual({ processes: 1, events: expect.any(Number) });
    expect(entries[1]).toMatchObject({ actor: 'local', details: { name: 'ops', scopes: 'admin' } });
    expect(entries.at(-1)?.details.changed).toEqual({
      WAITERS_MAX: { from: expect.any(Number), to: 77 },
    });
    expect(printed.out).not.toContain(made.out.trim());
    const after = await run('audit', '--after', '16', '--action', 'start-service');
    expect(after.out.trim().split('\n')).toHaveLength(1);
    const verified = await run('verify');
    expect(verified.out).toContain('audit log: 0 differences in 18 entries');
  });
});
