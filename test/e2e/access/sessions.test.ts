import { afterEach, describe, expect, it } from 'vitest';
import type { Scope } from '../../../domain/access/access.ts';
import { createAccess } from '../../../src/access/access.ts';
import { createKeyManager } from '../../../src/access/manage-keys.ts';
import { readConfig } from '../../../src/config.ts';
import { accessWithKeys, bearer, makeKey } from '../../support/access.ts';
import { createBrowserCalls } from '../../support/browser-calls.ts';
import { until } from '../../support/children.ts';
import { requested } from '../../support/events.ts';
import { createFolder, startTestService } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';
import { followEvents } from '../../support/sse.ts';

const log = { info: () => {}, warn: () => {}, debug: () => {} };

describe('a session of a browser', () => {
  let parts: Parts | undefined;
  afterEach(async () => {
    await parts?.stop();
    parts = undefined;
  });

  async function start(names: Record<string, readonly Scope[]>, config = {}) {
    const { made, makeAccess } = accessWithKeys({ ...names, admin: ['admin'] });
    const key = (name: string) => made[name] ?? { text: '' };
    parts = await startParts(undefined, {
      makeAccess,
      config,
      get headers() {
        return bearer(key('admin'));
      },
    });
    const { api, database } = parts;
    const session = `${api.url}/console/session`;
    return { parts, api, database, key, session };
  }

  /** Signs in with a key. */
  async function signIn(session: string, key: { text: string }, more: Record<string, string> = {}) {
    const browser = createBrowserCalls();
    const headers = { ...bearer(key), ...more };
    const answer = await browser.call(session, { method: 'POST', headers });
    expect(answer.status).toBe(200);
    const body = (await answer.json()) as Record<string, unknown>;
    return { browser, body, setCookie: answer.headers.getSetCookie() };
  }

  it('is begun with an API key, has its name and scopes, and is in a cookie that no script reads', async () => {
    const { api, session, key } = await start({ reader: ['process:read'] });
    const { browser, body, setCookie } = await signIn(session, key('reader'));
    expect(body).toMatchObject({
      accessControl: 'on',
      signedIn: true,
      kind: 'api-key',
      name: 'reader',
      scopes: ['process:read'],
      loginUrl: null,
    });
    const lasts = Date.parse(String(body.expiresAt)) - Date.now();
    expect(lasts).toBeGreaterThan(7.9 * 3_600_000);
    expect(lasts).toBeLessThanOrEqual(8 * 3_600_000);
    expect(setCookie).toEqual([
      expect.stringMatching(
        /^fastify-camunda=[\w.-]+; Path=\/; Expires=[^;]+ GMT; HttpOnly; SameSite=Strict$/,
      ),
    ]);
    expect(setCookie[0]).not.toContain(key('reader').text.slice(4));
    expect((await browser.call(`${api.url}/api/process`)).status).toBe(200);
    expect((await browser.call(`${api.url}/api/events`)).status).toBe(403);
    expect(await (await browser.call(session)).json()).toEqual(body);
  });

  it('is kept for TLS only, and for this host only, where TLS ends before the service', async () => {
    const { session, key } = await start({}, { TRUST_PROXY: 'loopback' });
    const { setCookie } = await signIn(session, key('admin'), { 'x-forwarded-proto': 'https' });
    expect(setCookie[0]).toMatch(
      /^__Host-fastify-camunda=.*; Path=\/;.*; Secure; SameSite=Strict$/,
    );
    await parts?.stop();
    const other = await start({}, { CONSOLE_URL: 'https://processes.example.com' });
    const { setCookie: again } = await signIn(other.session, other.key('admin'));
    expect(again[0]).toMatch(/^__Host-fastify-camunda=.*Secure/);
  });

  it('changes something only for a page of this very origin', async () => {
    const { api, database, session, key } = await start({ starter: ['process:start'] });
    const { browser } = await signIn(session, key('starter'));
    const send = (headers: Record<string, string>) =>
      browser.call(`${api.url}/api/process/start`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer: 'respond-async', ...headers },
        body: JSON.stringify({
          processKey: 'instant',
          correlationId: 'by-page',
          variables: { userId: '42', email: 'ada@example.com' },
        }),
      });
    const { origin, host } = new URL(api.url);
    const foreign: Record<string, string>[] = [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://other.${host}` },
      { origin, 'sec-fetch-site': 'same-site' },
      { origin, 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'none' },
    ];
    for (const headers of foreign) {
      const answer = await send(headers);
      expect(answer.status, JSON.stringify(headers)).toBe(403);
    }
    expect(await database.eventStore.readStream('by-page')).toEqual([]);
    expect((await send({ origin })).status).toBe(202);
    expect((await send({ 'sec-fetch-site': 'same-origin' })).status).toBe(202);
    const [event] = await database.eventStore.readStream('by-page');
    expect(event?.actor).toBe('starter');
  });

  it('ends soon after its key is revoked, with the streams that it follows', async () => {
    const { api, database, session, key } = await start({ reader: ['events:read'] });
    await database.eventStore.append('followed', [requested()]);
    const { browser } = await signIn(session, key('reader'));
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join();
    const path = `${api.url}/api/process/followed/events`;
    const stream = await followEvents(path, undefined, { cookie });
    await until(() => stream.events.length === 1, 'it has begun');
    const id = key('reader').text.slice(4, 15);
    await database.apiKeys.revoke(id, new Date().toISOString());
    await stream.ended;
    await until(
      async () => (await browser.call(path)).status === 401,
      'the cached key is looked up again',
    );
    expect(await (await browser.call(session)).json()).toMatchObject({
      signedIn: false,
      kind: null,
      name: null,
      scopes: [],
    });
  });

  it('cannot be made up, changed, or begun with something else than a key', async () => {
    const { api, session, key } = await start({ reader: ['process:read'] });
    const { browser } = await signIn(session, key('reader'));
    const [[name = '', good = ''] = []] = [...browser.cookies];
    const other = (await signIn(session, key('admin'))).browser.cookies.get(name) ?? '';
    const [head, ...rest] = good.split('.');
    const [otherHead] = other.split('.');
    for (const text of [
      'x',
      key('reader').text,
      `${good.slice(0, -2)}AA`,
      [otherHead, ...rest].join('.'),
      [head, ...other.split('.').slice(1)].join('.'),
    ]) {
      const answer = await api.get('/api/process', {
        headers: { authorization: '', cookie: `${name}=${text}` },
      });
      expect(answer.status, text).toBe(401);
    }
    const { origin } = new URL(api.url);
    const again = await browser.call(session, { method: 'POST', headers: { origin } });
    expect(again.status).toBe(400);
    expect((await fetch(session, { method: 'POST' })).status).toBe(401);
  });

  it('is removed from the browser by a sign-out', async () => {
    const { api, session, key } = await start({ reader: ['process:read'] });
    const { browser } = await signIn(session, key('reader'));
    const answer = await browser.call(session, { method: 'DELETE' });
    expect(await answer.json()).toEqual({ logoutUrl: null });
    expect(browser.cookies.size).toBe(0);
    expect((await browser.call(`${api.url}/api/process`)).status).toBe(401);
  });

  it('lasts until its time is over, but no longer than its key, on every service instance', async () => {
    const { database } = await start({});
    let now = Date.parse('2026-01-31T12:00:00Z');
    const clock = () => now;
    const keys = createKeyManager(database, clock);
    const long = await keys.create('long', ['process:read'], null);
    const short = await keys.create('short', ['process:read'], 60_000);
    const open = (env: Record<string, string> = {}) => {
      const config = readConfig({ AUTH: 'on', SESSION_MAX_SECONDS: '3600', ...env });
      return createAccess({ config, store: database.apiKeys, clock, log });
    };
    const [one, other] = await Promise.all([open(), open()]);
    const begin = async (key: { text: string }) => {
      const found = await one.identify({ scheme: 'bearer', text: key.text });
      if (found.kind !== 'known') throw new Error(found.kind);
      const session = await one.sessions?.begin(found.caller);
      if (!session) throw new Error('no session');
      return session;
    };
    const sessions = { long: await begin(long), short: await begin(short) };
    expect(sessions.long.expiresAt).toBe('2026-01-31T13:00:00.000Z');
    expect(sessions.short.expiresAt).toBe('2026-01-31T12:01:00.000Z');
    const is = async (access: typeof one, { text }: { text: string }) =>
      (await access.identify({ scheme: 'session', text })).kind;
    expect(await is(other, sessions.long)).toBe('known');
    expect(await is(other, sessions.short)).toBe('known');
    const strange = await open({ SESSION_SECRET: 'another one' });
    expect(await is(strange, sessions.long)).toBe('invalid');
    now += 60_000;
    expect(await is(other, sessions.short)).toBe('invalid');
    now += 3_539_000;
    expect(await is(other, sessions.long)).toBe('known');
    now += 2_000;
    expect(await is(other, sessions.long)).toBe('invalid');
    for (const access of [one, other, strange]) access.close();
  });

  it('outlives a restart of the service, and is the actor that its key is', async () => {
    const folder = createFolder();
    const { text } = await makeKey(folder, 'kim', ['process:start', 'process:read', 'events:read']);
    const headers = bearer({ text });
    let service = await startTestService({}, folder, headers);
    const { browser } = await signIn(`${service.url}/console/session`, { text });
    await service.stop();
    service = await startTestService({}, folder, headers);
    const { origin } = new URL(service.url);
    const started = await browser.call(`${service.url}/api/process/start`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify({
        processKey: 'instant',
        correlationId: 'kims',
        variables: { userId: '42', email: 'ada@example.com' },
      }),
    });
    expect(started.status).toBe(200);
    const { body } = await service.api.get('/api/process/kims/events');
    expect(body.events[0]).toMatchObject({ type: 'process-requested', actor: 'kim' });
    await service.stop();
    folder.remove();
  });

  it('is not needed while access control is off', async () => {
    parts = await startParts();
    const path = '/console/session';
    for (const answer of [await parts.api.get(path), await parts.api.post(path)]) {
      expect(answer.body).toMatchObject({
        accessControl: 'off',
        signedIn: true,
        kind: 'local',
        name: 'local',
        expiresAt: null,
      });
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    const foreign = await parts.api.get(path, { headers: { origin: 'https://evil.example' } });
    expectProblem(foreign, 'forbidden');
  });
});
