import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessWithKeys, bearer } from '../../support/access.ts';
import { endedProcess, moveBatch } from '../../support/archive-world.ts';
import { until } from '../../support/children.ts';
import { ADA, bytesOf, enginesRows, newFolder, personal } from '../../support/erasure.ts';
import { requested } from '../../support/events.ts';
import { foundIn } from '../../support/personal.ts';
import { startTestService, untilRelayed } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';

describe('what administrators see', () => {
  const { made, makeAccess } = accessWithKeys({ admin: ['admin'], reader: ['process:read'] });
  let parts: Parts;
  beforeAll(async () => {
    parts = await startParts(undefined, {
      makeAccess,
      config: {
        SESSION_SECRET: 'not to be seen',
        DATABASE_URL: 'mssql://sa:hidden-word@db:1433/app',
        ROLES: ['api', 'relay'],
      },
      get headers() {
        return bearer(made.admin ?? { text: '' });
      },
    });
  });
  afterAll(() => parts?.stop());

  it('is the version and the settings, without any secret', async () => {
    const { status, text } = await parts.api.get('/api/admin/settings');
    expect(status).toBe(200);
    const body = JSON.parse(text);
    expect(body).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      nodeVersion: process.version,
      roles: ['api', 'relay'],
      settings: {
        HOST: '127.0.0.1',
        SESSION_SECRET: '***',
        DATABASE_URL: 'mssql://sa:***@db:1433/app',
        OIDC_CLIENT_SECRET: '',
      },
    });
    expect(text).not.toMatch(/not to be seen|hidden-word/);
  });

  it('are the API keys with their last use, without their hashes', async () => {
    const { reader } = made;
    const id = reader?.text.slice(4, 15) ?? '';
    await fetch(`${parts.api.url}/api/process`, { headers: bearer(reader ?? { text: '' }) });
    const read = async () => {
      const { text } = await parts.api.get('/api/admin/keys');
      return { text, keys: JSON.parse(text).keys as { name: string; lastUsedAt: string | null }[] };
    };
    const { keys, text } = await until(async () => {
      const found = await read();
      return found.keys.find(({ name }) => name === 'reader')?.lastUsedAt ? found : undefined;
    }, 'the use is stored');
    expect(keys).toMatchObject([
      { name: 'admin', scopes: ['admin'], valid: true },
      { id, name: 'reader', scopes: ['process:read'], valid: true, revokedAt: null },
    ]);
    expect(text).not.toContain(reader?.record.hash);
    await parts.database.apiKeys.revoke(id, new Date().toISOString());
    expect((await read()).keys).toMatchObject([{ valid: true }, { name: 'reader', valid: false }]);
  });
});

describe('a restore by an administrator', () => {
  let parts: Parts;
  beforeAll(async () => {
    parts = await startParts();
    for (const id of ['old', 'older']) await endedProcess(parts.database, id);
    expect(await moveBatch(parts.database, 10)).toMatchObject({ processes: 2 });
  });
  afterAll(() => parts?.stop());

  const restore = (id: string) => parts.api.post(`/api/process/${id}/restore`);
  const archived = async () => {
    const { body } = await parts.api.get('/api/process?archive=only');
    return body.processes.map(({ correlationId }) => correlationId);
  };

  it('brings an archived process back, which is then not in the list of archived ones', async () => {
    expect((await archived()).sort()).toEqual(['old', 'older']);
    const answer = await parts.api.post('/api/process/old/restore', {
      json: { reason: 'to look at it' },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ correlationId: 'old', status: 'ok' });
    expect(answer.body).not.toHaveProperty('archived');
    expect(await archived()).toEqual(['older']);
    expect(await parts.database.eventStore.lastVersion('old')).toBe(4);
  });

  it('changes nothing of a process that is live, and answers 404 for an unknown one', async () => {
    const again = await restore('old');
    expect([again.status, again.body.correlationId]).toEqual([200, 'old']);
    await parts.database.eventStore.append('pending', [requested()]);
    expect((await restore('pending')).status).toBe(202);
    expectProblem(await restore('nobody'), 'not-found');
  });

  it('waits for no rebuild, but says that one is at work', async () => {
    const release = await parts.database.maintenanceLock.tryLock('tables', 'exclusive');
    const answer = await restore('older');
    expectProblem(answer, 'unavailable', /^Nothing was done: a run of .* is at work/);
    expect(answer.headers.get('retry-after')).toBe('5');
    await release?.();
    expect((await restore('older')).status).toBe(200);
  });
});

describe('an erasure by an administrator', () => {
  it('removes personal data from the answers, the file and the engine', async () => {
    const folder = newFolder();
    const log: Record<string, unknown>[] = [];
    const service = await startTestService(personal(), folder, {}, log);
    const { api } = service;
    await api.start('personal', { how: 'ok', ...ADA }, { correlationId: 'done' });
    await untilRelayed(folder);
    expect(foundIn((await api.status('done')).text)).not.toEqual([]);
    const erase = (id: string) =>
      api.post(`/api/process/${id}/erase`, { json: { reason: 'asked for by her' } });
    const { status, text } = await erase('done');
    expect(status, text).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      correlationId: 'done',
      isGoneFromEngine: true,
      inTheClear: false,
    });
    await until(async () => foundIn((await api.status('done')).text).length === 0, 'it is gone');
    expect(enginesRows(folder)).toBe(0);
    expect(foundIn(bytesOf(folder))).toEqual([]);
    expect(JSON.parse((await erase('done')).text).erasedAt).toBe(JSON.parse(text).erasedAt);
    expect(log).toContainEqual(
      expect.objectContaining({ correlationId: 'done', reason: 'asked for by her' }),
    );
    expectProblem(await erase('nobody'), 'not-found');
    await service.stop();
  });

  it('is refused for a pending process, and for one that has nothing encrypted', async () => {
    const parts = await startParts();
    await parts.database.eventStore.append('pending', [requested()]);
    await endedProcess(parts.database, 'plain');
    const erase = (id: string) => parts.api.post(`/api/process/${id}/erase`);
    expectProblem(await erase('pending'), 'not-erasable', /cancel it first/);
    expectProblem(await erase('plain'), 'not-erasable', /Nothing of the process is encrypted/);
    await parts.stop();
  });
});
