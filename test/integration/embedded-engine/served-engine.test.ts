import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SetupError } from '../../../domain/common/errors.ts';
import { basic, bearer, makeKey } from '../../support/access.ts';
import { until } from '../../support/children.ts';
import { createFolder, startTestService, type TestService } from '../../support/service.ts';

type Headers = Record<string, string>;

/** The base URL of the engine's REST API, from the log line that tells it. */
function engineUrlOf({ log }: TestService): string | undefined {
  const line = log.find(({ msg }) => String(msg).startsWith('the REST API of the embedded engine'));
  return line && String(line.url);
}

function callEngine(service: TestService, method: string, path: string, headers: Headers = {}) {
  const hasBody = method === 'POST';
  return fetch(`${new URL(engineUrlOf(service) ?? '').origin}${path}`, {
    method,
    headers: { ...headers, ...(hasBody ? { 'content-type': 'application/json' } : {}) },
    ...(hasBody ? { body: JSON.stringify({ messageName: 'go-on', workerId: 'w' }) } : {}),
  });
}

describe('the REST API of the embedded engine while access control is on', () => {
  let service: TestService;
  let admin: { authorization: string };
  let adminBasic: { authorization: string };
  let reader: { authorization: string };
  let instanceId = '';
  beforeAll(async () => {
    const folder = createFolder();
    const first = await startTestService({}, folder);
    await first.stop();
    const key = await makeKey(folder, 'worker', ['admin']);
    admin = bearer(key);
    adminBasic = basic(key, 'worker');
    reader = bearer(await makeKey(folder, 'reader', ['process:read', 'events:read']));
    const settings = { AUTH: 'on', ENGINE_REST_PORT: '0' };
    service = await startTestService(settings, folder, admin);
    const options = { correlationId: 'secret-1' };
    await service.api.start('listening', {}, options, { prefer: 'respond-async' });
    instanceId = await until(async () => {
      const answer = await callEngine(service, 'GET', '/engine-rest/process-instance', admin);
      const [found] = (await answer.json()) as { id: string }[];
      return found?.id;
    }, 'the instance runs');
  });
  afterAll(async () => {
    await service?.stop();
    service?.folder.remove();
  });

  it.each([
    ['GET', '/engine-rest/version'],
    ['GET', '/engine-rest/process-instance'],
    ['GET', '/engine-rest/history/process-instance'],
    ['GET', '/engine-rest/external-task'],
    ['POST', '/engine-rest/external-task/fetchAndLock'],
    ['POST', '/engine-rest/message'],
    ['POST', '/engine-rest/process-definition/key/listening/start'],
    ['POST', '/engine-rest/deployment/create'],
    ['OPTIONS', '/engine-rest/message'],
    ['GET', '/engine-rest/there-is-no-such-path'],
    ['GET', '/'],
  ])('answers %s %s 401 without a key, and with a wrong one', async (method, path) => {
    const wrong = ['', 'Bearer', 'Bearer x', `${admin.authorization}x`, 'Basic eDp5'];
    for (const headers of [{}, ...wrong.map((authorization) => ({ authorization }))]) {
      const answer = await callEngine(service, method, path, headers as Headers);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /);
      expect(await answer.text()).not.toContain('secret-1');
    }
  });

  it('lets in a key with the scope admin, as a bearer token, by HTTP Basic and as X-API-Key', async () => {
    const key = admin.authorization.replace('Bearer ', '');
    for (const headers of [admin, adminBasic, { 'x-api-key': key }]) {
      const answer = await callEngine(service, 'GET', '/engine-rest/version', headers as Headers);
      expect([answer.status, await answer.json()]).toEqual([200, { version: '7.24.0-embedded' }]);
    }
  });

  it('shows and deletes no instance for a key without that scope', async () => {
    const path = `/engine-rest/process-instance/${instanceId}`;
    for (const method of ['GET', 'DELETE']) {
      const answer = await callEngine(service, method, path, reader);
      expect([answer.status, await answer.json()]).toEqual([
        403,
        {
          type: 'AuthorizationException',
          message: 'This needs an API key or token with the scope admin.',
          code: 0,
        },
      ]);
    }
    expect((await callEngine(service, 'GET', path, admin)).status).toBe(200);
  });

  it('refuses a page of another site, whose browser adds HTTP Basic by itself', async () => {
    const headers = { ...adminBasic, origin: 'https://elsewhere.example' };
    expect((await callEngine(service, 'GET', '/engine-rest/version', headers)).status).toBe(403);
  });
});

describe('guessed keys', () => {
  it('are counted by address over both servers, and the REST API of the engine refuses them, too', async () => {
    const folder = createFolder();
    const key = await makeKey(folder, 'worker', ['admin']);
    const late = await makeKey(folder, 'late', ['admin']);
    const settings = {
      AUTH: 'on',
      ENGINE_REST_PORT: '0',
      RATE_LIMIT_PER_MINUTE: '20',
      TRUST_PROXY: 'loopback',
    };
    const service = await startTestService(settings, folder, bearer(key));
    const from = (address: string, text: string) => {
      const headers = { ...bearer({ text }), 'x-forwarded-for': address };
      return callEngine(service, 'GET', '/engine-rest/version', headers);
    };
    expect((await from('192.0.2.1', key.text)).status).toBe(200);
    for (let nth = 0; nth < 10; nth++) {
      expect((await from('192.0.2.1', 'guess')).status).toBe(401);
      const headers = { ...bearer({ text: 'guess' }), 'x-forwarded-for': '192.0.2.1' };
      expect((await fetch(`${service.url}/api/process`, { headers })).status).toBe(401);
    }
    const limited = await from('192.0.2.1', 'guess');
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await limited.json()).toMatchObject({ type: 'AuthorizationException', code: 0 });
    expect((await from('192.0.2.1', late.text)).status, 'not looked up').toBe(429);
    expect((await from('192.0.2.1', key.text)).status, 'known here').toBe(200);
    expect((await from('192.0.2.2', late.text)).status, 'another address').toBe(200);
    await service.stop();
    folder.remove();
  });
});

describe('the REST API of the embedded engine while access control is off', () => {
  it('serves this machine, and no page of another one', async () => {
    const service = await startTestService({ ENGINE_REST_PORT: '0' });
    const version = '/engine-rest/version';
    expect((await callEngine(service, 'GET', version)).status).toBe(200);
    const origin = 'https://elsewhere.example';
    expect((await callEngine(service, 'GET', version, { origin })).status).toBe(403);
    await service.stop();
    await expect(callEngine(service, 'GET', version)).rejects.toThrow();
    service.folder.remove();
  });

  it('is not there without ENGINE_REST_PORT', async () => {
    const service = await startTestService();
    expect(engineUrlOf(service)).toBeUndefined();
    await service.stop();
    service.folder.remove();
  });

  it.each([
    ['an address that other machines reach', { ENGINE_REST_HOST: '0.0.0.0', AUTH: 'off' }],
    ['an address that other machines reach, without any key', { ENGINE_REST_HOST: '0.0.0.0' }],
    [
      'an address that this machine does not have',
      { ENGINE_REST_HOST: '203.0.113.7', AUTH: 'off' },
    ],
  ])('ends the start for %s', async (_what, settings) => {
    const folder = createFolder();
    const started = startTestService({ ENGINE_REST_PORT: '0', ...settings }, folder);
    await expect(started).rejects.toThrow(SetupError);
    await expect(started).rejects.toThrow(/^ENGINE_REST_HOST: /);
    folder.remove();
  });
});
