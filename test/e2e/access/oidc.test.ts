import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBrowserCalls } from '../../support/browser-calls.ts';
import { freePort } from '../../support/children.ts';
import {
  API_AUDIENCE,
  CLIENT,
  type OidcServer,
  startOidcServer,
} from '../../support/oidc-provider.ts';
import { startTestService, type TestService } from '../../support/service.ts';

/** A service with an OpenID Connect provider, for the tests of a block. */
function useOidc(options: { roles?: readonly string[]; forApi?: boolean }) {
  const used = {} as { service: TestService; idp: OidcServer };
  beforeAll(async () => {
    const port = await freePort();
    const consoleUrl = `http://127.0.0.1:${port}`;
    used.idp = await startOidcServer({ consoleUrl, ...options });
    const { issuer, jwksUrl } = used.idp;
    used.service = await startTestService({
      PORT: String(port),
      CONSOLE_URL: consoleUrl,
      OIDC_ISSUER: issuer,
      OIDC_CLIENT_ID: CLIENT.id,
      OIDC_CLIENT_SECRET: CLIENT.secret,
      ...(options.forApi
        ? {
            OIDC_SCOPE: 'openid process:read',
            JWT_JWKS_URL: jwksUrl,
            JWT_ISSUER: issuer,
            JWT_AUDIENCE: API_AUDIENCE,
          }
        : { JWT_SCOPE_CLAIM: 'roles' }),
    });
  });
  afterAll(async () => {
    await used.service?.stop();
    await used.idp?.stop();
    used.service?.folder.remove();
  });
  return used;
}

describe('a sign-in with OpenID Connect', () => {
  const used = useOidc({ roles: ['process:start', 'process:read', 'unknown'] });
  const at = (path: string) => `${used.service.url}${path}`;

  it('is where a browser without a session is sent, and access control is on', async () => {
    const answer = await fetch(at('/console/session'));
    expect(await answer.json()).toMatchObject({
      accessControl: 'on',
      signedIn: false,
      loginUrl: '/console/login',
    });
    const login = await fetch(at('/console/login'), { redirect: 'manual' });
    expect(login.status).toBe(303);
    const url = new URL(login.headers.get('location') ?? '');
    expect(url.origin).toBe(used.idp.issuer);
    const query = Object.fromEntries(url.searchParams);
    expect(query).toMatchObject({
      response_type: 'code',
      client_id: CLIENT.id,
      code_challenge_method: 'S256',
      redirect_uri: at('/console/callback'),
    });
    const [cookie = ''] = login.headers.getSetCookie();
    expect(cookie).toMatch(/; Max-Age=600; Path=\/console\/callback; HttpOnly; SameSite=Lax$/);
    expect(cookie).not.toContain(query.state);
  });

  it('gives the scopes that the claim of the ID token has, and the subject as the actor', async () => {
    const browser = createBrowserCalls();
    const back = await used.idp.signIn(
      browser,
      at('/console/login?returnTo=/console/processes?status=error'),
      'ada',
    );
    const done = await browser.call(back);
    expect(done.status).toBe(303);
    expect(done.headers.get('location')).toBe('/console/processes?status=error');
    const [session] = done.headers.getSetCookie().filter((line) => !line.includes('login'));
    expect(session).toMatch(/^fastify-camunda=[\w.-]+; Path=\/; .*HttpOnly; SameSite=Strict$/);
    expect(await (await browser.call(at('/console/session'))).json()).toMatchObject({
      signedIn: true,
      kind: 'oidc',
      name: 'ada',
      scopes: ['process:start', 'process:read'],
    });
    expect((await browser.call(at('/api/process'))).status).toBe(200);
    expect((await browser.call(at('/api/events'))).status).toBe(403);
    const started = await browser.call(at('/api/process/start'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: used.service.url },
      body: JSON.stringify({
        processKey: 'instant',
        correlationId: 'adas',
        variables: { userId: '42', email: 'ada@example.com' },
      }),
    });
    expect(started.status, await started.text()).toBe(200);
    const { log } = used.service;
    expect(log).toContainEqual(
      expect.objectContaining({ caller: 'ada', msg: 'signed in with OpenID Connect' }),
    );

    const out = await browser.call(at('/console/session'), { method: 'DELETE' });
    const { logoutUrl } = (await out.json()) as { logoutUrl: string };
    expect(logoutUrl.startsWith(`${used.idp.issuer}/session/end?`)).toBe(true);
    expect(browser.cookies.has('fastify-camunda')).toBe(false);
    expect((await browser.call(at('/api/process'))).status).toBe(401);
  });

  it('is of the browser that began it, once', async () => {
    const browser = createBrowserCalls();
    const stranger = createBrowserCalls();
    const back = await used.idp.signIn(browser, at('/console/login'), 'eve');
    const failed = `/console?signIn=failed`;
    const without = await stranger.call(back);
    expect([without.status, without.headers.get('location')]).toEqual([303, failed]);
    await stranger.call(at('/console/login'));
    expect((await stranger.call(back)).headers.get('location')).toBe(failed);
    expect(stranger.cookies.has('fastify-camunda')).toBe(false);
    expect((await browser.call(back)).headers.get('location')).toBe('/console');
    browser.cookies.delete('fastify-camunda');
    expect((await browser.call(back)).headers.get('location')).toBe(failed);
    expect(browser.cookies.has('fastify-camunda')).toBe(false);
  });

  it('leads to pages of the console only', async () => {
    for (const path of ['https://evil.example', '//evil.example', '/console\\evil', '/other']) {
      const answer = await fetch(at(`/console/login?returnTo=${encodeURIComponent(path)}`), {
        redirect: 'manual',
      });
      expect(answer.status, path).toBe(400);
    }
  });
});

describe('a sign-in at a provider whose access tokens the API takes', () => {
  const used = useOidc({ forApi: true, roles: ['admin'] });

  it('gives what the access token gives', async () => {
    const { url } = used.service;
    const browser = createBrowserCalls();
    const back = await used.idp.signIn(browser, `${url}/console/login`, 'kim');
    await browser.call(back);
    expect(await (await browser.call(`${url}/console/session`)).json()).toMatchObject({
      kind: 'oidc',
      name: 'kim',
      scopes: ['process:read'],
    });
  });
});

describe('a sign-in while the provider is away', () => {
  const used = useOidc({});

  it('is answered 503', async () => {
    await used.idp.down();
    const answer = await fetch(`${used.service.url}/console/login`, { redirect: 'manual' });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });
});
