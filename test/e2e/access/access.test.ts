import pino from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import type { Scope } from '../../../domain/access/access.ts';
import { accessWithKeys, basic, bearer, makeKey, onKeys } from '../../support/access.ts';
import { until } from '../../support/children.ts';
import { requested, started } from '../../support/events.ts';
import { createFolder, startTestService, type TestService } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';
import { type Parts, type PartsOptions, startParts } from '../../support/service-parts.ts';
import { followEvents } from '../../support/sse.ts';

/** What helmet 8 sets besides a content policy and Strict-Transport-Security. */
const BROWSER_HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'SAMEORIGIN',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
};

describe('a service with API keys', () => {
  let parts: Parts | undefined;
  afterEach(async () => {
    await parts?.stop();
    parts = undefined;
  });

  async function start(names: Record<string, readonly Scope[]>, more: PartsOptions = {}) {
    const { made, makeAccess } = accessWithKeys({ ...names, admin: ['admin'] });
    const key = (name: string) => made[name] ?? { text: '' };
    parts = await startParts(undefined, {
      makeAccess,
      get headers() {
        return bearer(key('admin'));
      },
      ...more,
    });
    const { url } = parts.api;
    const call = (path: string, init: RequestInit = {}) => fetch(url + path, init);
    return { parts, url, key, call };
  }

  it('takes a key as bearer token, as X-API-Key and as password of HTTP Basic', async () => {
    const { key, call } = await start({ reader: ['process:read'] });
    const { text } = key('reader');
    for (const headers of [bearer({ text }), { 'x-api-key': text }, basic({ text })]) {
      expect((await call('/api/process', { headers })).status).toBe(200);
    }
    // Nowhere else: addresses end up in logs and histories.
    for (const name of ['api_key', 'key', 'access_token']) {
      expect((await call(`/api/process?${name}=${text}`)).status).toBe(401);
    }
  });

  it('answers alike whether a key exists or not', async () => {
    const { key, call, parts } = await start({ reader: ['process:read'], gone: ['process:read'] });
    const id = key('gone').text.slice(4, 15);
    await parts.database.apiKeys.revoke(id, new Date().toISOString());
    const good = key('reader').text;
    const texts = [
      key('gone').text,
      good.slice(0, -1),
      `${good}0`,
      'fck_',
      'x',
      good.toLowerCase(),
    ];
    const answers = await Promise.all(
      texts.map(async (text) => {
        const answer = await call('/api/process', { headers: bearer({ text }) });
        const { date: _, ...headers } = Object.fromEntries(answer.headers);
        return JSON.stringify([answer.status, headers, await answer.text()]);
      }),
    );
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('invalid_token');
    expect(answers[0]).not.toContain('revoked');
  });

  it('names the process and the missing scope in a refusal', async () => {
    const { parts, key } = await start({ reader: ['process:read'] });
    const forbidden = await parts.api.post('/api/process/order-1/cancel', {
      headers: bearer(key('reader')),
    });
    expect(forbidden.status).toBe(403);
    expectProblem(forbidden, 'forbidden', /needs the scope process:start.* has process:read/);
    expect(forbidden.body.correlationId).toBe('order-1');
    const unknown = await parts.api.post('/api/process/order-1/cancel', {
      headers: { authorization: 'Bearer nobody' },
    });
    expect(unknown.body.correlationId).toBe('order-1');
  });

  it('ends the open streams of a key soon after it is revoked', async () => {
    const { parts, url, key } = await start({ listener: ['events:read'], other: ['events:read'] });
    await parts.database.eventStore.append('followed', [requested()]);
    const path = `${url}/api/process/followed/events`;
    const one = await followEvents(path, undefined, bearer(key('listener')));
    const other = await followEvents(path, undefined, bearer(key('other')));
    await until(() => one.events.length === 1 && other.events.length === 1, 'both have begun');
    const id = key('listener').text.slice(4, 15);
    await parts.database.apiKeys.revoke(id, new Date().toISOString());
    await one.ended;
    expect((await followEvents(path, undefined, bearer(key('listener')))).status).toBe(401);
    await parts.advance('followed', started());
    await until(() => other.events.length === 2, 'the other stream continues');
    expect(one.events).toHaveLength(1);
    other.close();
  });

  it('limits calls by caller, whose keys share a limit, and not by address', async () => {
    const { call, key } = await start(
      { a: ['process:read'], b: ['process:read'] },
      {
        config: { RATE_LIMIT_PER_MINUTE: 5 },
      },
    );
    const as = async (name: string) =>
      (await call('/api/process', { headers: bearer(key(name)) })).status;
    const statuses: number[] = [];
    for (let nth = 0; nth < 6; nth++) statuses.push(await as('a'));
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    expect(await as('b')).toBe(200);
    for (let nth = 0; nth < 10; nth++) expect((await call('/health/live')).status).toBe(200);
  });

  it('limits wrong keys by address, and still answers the keys it knows', async () => {
    const { call, key, parts } = await start(
      { known: ['process:read'], late: ['process:read'] },
      {
        config: { RATE_LIMIT_PER_MINUTE: 20, TRUST_PROXY: 'loopback' },
      },
    );
    const from = async (address: string, text: string) => {
      const headers = { ...bearer({ text }), 'x-forwarded-for': address };
      return call('/api/process', { headers });
    };
    expect((await from('192.0.2.1', key('known').text)).status).toBe(200);
    for (let nth = 0; nth < 20; nth++) expect((await from('192.0.2.1', 'guess')).status).toBe(401);
    const limited = await from('192.0.2.1', 'guess');
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(limited.headers.get('content-type')).toContain('application/problem+json');
    expect((await from('192.0.2.1', key('known').text)).status, 'known here').toBe(200);
    expect((await from('192.0.2.1', key('late').text)).status, 'not looked up').toBe(429);
    expect((await from('192.0.2.2', key('late').text)).status, 'another address').toBe(200);
    expect((await from('192.0.2.1', key('late').text)).status, 'known by now').toBe(200);
    expect(await parts.database.apiKeys.list()).toHaveLength(3);
  });

  it('ignores X-Forwarded-For from anybody whom it was not configured to trust', async () => {
    const { call } = await start({}, { config: { RATE_LIMIT_PER_MINUTE: 3 } });
    const statuses: number[] = [];
    for (let nth = 0; nth < 4; nth++) {
      const headers = { 'x-forwarded-for': `192.0.2.${nth}` };
      statuses.push((await call('/api/process', { headers })).status);
    }
    expect(statuses).toEqual([401, 401, 401, 429]);
  });

  it('refuses changes that a page of another site makes a browser send', async () => {
    const { call, key } = await start({});
    const change = (headers: Record<string, string>) =>
      call('/api/process/order-1/cancel', { method: 'POST', headers });
    const evil = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    const refused = await change({ ...evil, ...basic(key('admin')) });
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('page of another site');
    // What no browser adds by itself was meant.
    expect((await change({ ...evil, ...bearer(key('admin')) })).status).toBe(404);
    const own = { 'sec-fetch-site': 'same-origin', ...basic(key('admin')) };
    expect((await change(own)).status).toBe(404);
    const preflight = await call('/api/process/start', {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBe(null);
  });

  it('answers with headers that keep browsers and caches from using data in other ways', async () => {
    const { call, key } = await start({});
    const headers = bearer(key('admin'));
    for (const path of ['/api/process', '/api/process/status/none', '/api/none', '/health/live']) {
      const answer = await call(path, { headers });
      expect(Object.fromEntries(answer.headers), path).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        ...BROWSER_HEADERS,
      });
      expect(answer.headers.get('strict-transport-security'), path).toBe(null);
      expect(answer.headers.get('x-powered-by'), path).toBe(null);
    }
    const page = await call('/documentation/', { headers });
    expect(Object.fromEntries(page.headers)).toMatchObject(BROWSER_HEADERS);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(page.headers.get('content-security-policy')).not.toContain('upgrade-insecure');
  });

  it('writes no credential into the log, at any level, and says who called', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line) => void lines.push(line) });
    const { call, key, parts } = await start({ reader: ['process:read'] }, { log });
    const secret = key('reader').text;
    const headers = { cookie: 'session=c00kie-value' };
    await call('/api/process', { headers: { ...headers, ...bearer({ text: secret }) } });
    await call('/api/process', { headers: { ...headers, 'x-api-key': secret } });
    await call('/api/process', { headers: { ...headers, ...basic({ text: secret }) } });
    await call('/api/process', { headers: bearer({ text: `${secret}wrong-one` }) });
    await parts.database.knex.raw('DROP TABLE process_store');
    const broken = await call('/api/process', { headers: bearer({ text: secret }) });
    expect(broken.status).toBeGreaterThanOrEqual(500);
    const text = lines.join('');
    const encoded = basic({ text: secret }).authorization.slice(6);
    for (const part of [secret, secret.slice(16), encoded, 'c00kie-value', 'wrong-one']) {
      expect(text).not.toContain(part);
    }
    expect(text).toContain('"caller":"reader"');
    expect(text).toContain('a credential was refused');
  });
});

describe('the whole service', () => {
  let service: TestService | undefined;
  afterEach(async () => {
    await service?.stop();
    service?.folder.remove();
    service = undefined;
  });
  const logged = (pattern: RegExp) => service?.log.filter(({ msg }) => pattern.test(String(msg)));

  it('is open on loopback, says so, and closes within seconds of its first key', async () => {
    service = await startTestService();
    const { url, folder } = service;
    const status = async (headers = {}) => (await fetch(`${url}/api/process`, { headers })).status;
    expect(logged(/^access control is OFF: AUTH=auto on loopback/)).toHaveLength(1);
    expect(await status()).toBe(200);
    const cross = await fetch(`${url}/api/process/x/cancel`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'cross-site' },
    });
    expect(cross.status).toBe(403);
    const key = await makeKey(folder, 'first', ['process:read']);
    await until(async () => (await status()) === 401, 'the service asks for a key');
    expect(await status(bearer(key))).toBe(200);
    expect(logged(/^access control is ON: there is an API key/)).toHaveLength(1);
    await onKeys(folder, (keys) => keys.revoke(key.record.id));
    await until(async () => (await status(bearer(key))) === 401, 'the key is void');
    expect(await status(), 'the last key is gone, and the doors stay closed').toBe(401);
  });

  it('keeps who started a process in the audit trail, unless the caller says otherwise', async () => {
    const folder = createFolder();
    const key = await makeKey(folder, 'billing', ['process:start', 'events:read']);
    service = await startTestService({ AUTH: 'on' }, folder, bearer(key));
    expect(logged(/^access control is ON: AUTH=on/)).toHaveLength(1);
    const user = { userId: '1', email: 'ada@example.com' };
    for (const [id, more, expected] of [
      ['audited-1', {}, 'billing'],
      ['audited-2', { applicationId: 'shop' }, 'shop'],
    ] as const) {
      expect(
        (await service.api.start('instant', user, { correlationId: id, ...more })).status,
      ).toBe(200);
      const { body } = await service.api.get(`/api/process/${id}/events`);
      for (const event of body.events) expect(event.identity.applicationId).toBe(expected);
    }
  });

  it('does not start where nobody, or everybody, would get in', async () => {
    const folder = createFolder();
    const refusal = (env: Record<string, string>) =>
      startTestService(env, folder).then(
        async (started) => {
          await started.stop();
          return 'it started';
        },
        (error: Error) => error.message,
      );
    expect(await refusal({ HOST: '0.0.0.0' })).toMatch(/^HOST: .*`fastify-camunda api-key create /);
    expect(await refusal({ HOST: '0.0.0.0', AUTH: 'off' })).toMatch(/^HOST: 0\.0\.0\.0 .*AUTH=on/);
    expect(await refusal({ AUTH: 'on' })).toMatch(/^AUTH: .*`fastify-camunda api-key create /);
    const key = await makeKey(folder, 'me', ['process:read']);
    service = await startTestService({ HOST: '0.0.0.0' }, folder, bearer(key));
    const { port } = new URL(service.url);
    expect((await fetch(`http://127.0.0.1:${port}/api/process`)).status).toBe(401);
    const headers = bearer(key);
    expect((await fetch(`http://127.0.0.1:${port}/api/process`, { headers })).status).toBe(200);
  });
});
