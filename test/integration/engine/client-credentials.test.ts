import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineUnavailableError } from '../../../domain/common/errors.ts';
import { clientCredentials } from '../../../infrastructure/camunda/client-credentials.ts';
import type { EngineAuth } from '../../../infrastructure/camunda/engine-auth.ts';
import {
  startTokenServer,
  type TokenServer,
  type TokenServerOptions,
} from '../../support/oauth.ts';

const CLIENT = { clientId: 'service:one', clientSecret: 's3cret+/ä' };
const LIFETIME = 300;
const MARGIN = 30;

describe('tokens for the engine', () => {
  let server: TokenServer;
  let auth: EngineAuth;
  /** Milliseconds. */
  let time: number;
  async function open(more: Partial<TokenServerOptions> = {}, asked = {}): Promise<void> {
    await server?.stop();
    await auth?.close();
    time = 0;
    server = await startTokenServer({ ...CLIENT, lifetime: LIFETIME, ...more });
    const options = { ...CLIENT, tokenUrl: server.url, scope: '', audience: '', ...asked };
    auth = clientCredentials({ ...options, now: () => time });
  }
  beforeEach(() => open());
  afterEach(async () => {
    await auth.close();
    await server.stop();
  });
  const pass = (seconds: number): void => {
    time += seconds * 1_000;
  };

  it('are requested as RFC 6749, section 4.4, says, with the credentials encoded in the header', async () => {
    const header = await auth.header();
    expect(server.admits(header)).toBe(true);
    const pair = 'service%3Aone:s3cret%2B%2F%C3%A4';
    expect(server.requests).toEqual([
      {
        authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
        contentType: expect.stringMatching(/^application\/x-www-form-urlencoded(;charset=UTF-8)?$/),
        form: { grant_type: 'client_credentials' },
      },
    ]);
  });

  it('are requested with scope and audience where these are set', async () => {
    await open({}, { scope: 'engine read', audience: 'https://engine' });
    await auth.header();
    expect(server.requests[0]?.form).toEqual({
      grant_type: 'client_credentials',
      scope: 'engine read',
      audience: 'https://engine',
    });
  });

  it('are requested from a server that takes the credentials in the body only, at once from then on', async () => {
    await open({ accepts: 'body' });
    expect(server.admits(await auth.header())).toBe(true);
    expect(server.requests).toHaveLength(2);
    pass(LIFETIME);
    expect(server.admits(await auth.header())).toBe(true);
    expect(server.requests).toHaveLength(3);
    expect(server.requests[2]?.authorization).toBeUndefined();
  });

  it('are requested once, however many callers wait', async () => {
    const headers = await Promise.all(Array.from({ length: 20 }, () => auth.header()));
    expect(new Set(headers).size).toBe(1);
    expect(server.requests).toHaveLength(1);
  });

  it('are kept until shortly before they expire, then renewed', async () => {
    const first = await auth.header();
    pass(LIFETIME - MARGIN - 1);
    expect(await auth.header()).toBe(first);
    pass(1);
    const second = await auth.header();
    expect(second).not.toBe(first);
    expect(server.requests).toHaveLength(2);
  });

  it('of a short life are not renewed before three quarters of it', async () => {
    await open({ lifetime: 8 });
    const first = await auth.header();
    pass(5.9);
    expect(await auth.header()).toBe(first);
    pass(0.1);
    expect(await auth.header()).not.toBe(first);
  });

  it('without a known expiry are kept until the engine refuses them', async () => {
    server.answerWith({ status: 200, body: '{"access_token":"a","token_type":"Bearer"}' });
    expect(await auth.header()).toBe('Bearer a');
    pass(1_000_000);
    expect(await auth.header()).toBe('Bearer a');
    server.answerWith({ status: 200, body: '{"access_token":"b","token_type":"Bearer"}' });
    expect(await auth.renewed('Bearer a')).toBe('Bearer b');
  });

  it('are used to their end while the server is away; then the engine is unavailable, until it is back', async () => {
    const first = await auth.header();
    server.down();
    pass(LIFETIME - 1);
    expect(await auth.header()).toBe(first);
    pass(1);
    await expect(auth.header()).rejects.toThrow(EngineUnavailableError);
    server.up();
    pass(1);
    expect(server.admits(await auth.header())).toBe(true);
  });

  it('are not requested again for a moment after that failed', async () => {
    server.answerWith({ status: 503, body: '' });
    await expect(auth.header()).rejects.toThrow(`${server.url} answered 503: no reason given`);
    await expect(auth.header()).rejects.toThrow(`${server.url} answered 503: no reason given`);
    expect(server.requests).toHaveLength(1);
    pass(1);
    server.answerWith(null);
    await auth.header();
    expect(server.requests).toHaveLength(2);
  });

  it('that the engine refuses are renewed, once for all callers that were refused', async () => {
    const first = await auth.header();
    pass(10);
    const renewed = await Promise.all(Array.from({ length: 5 }, () => auth.renewed(first)));
    expect(new Set(renewed).size).toBe(1);
    expect(renewed[0]).not.toBe(first);
    expect(await auth.renewed(first), 'told late').toBe(renewed[0]);
    expect(server.requests).toHaveLength(2);
  });

  it('that the engine refuses though they are new are not renewed: the next would be refused as well', async () => {
    const first = await auth.header();
    expect(await auth.renewed(first)).toBeUndefined();
    expect(server.requests).toHaveLength(1);
  });

  it('that the engine refuses are not used again, even if no other can be had', async () => {
    const first = await auth.header();
    pass(10);
    server.down();
    await expect(auth.renewed(first)).rejects.toThrow(EngineUnavailableError);
    await expect(auth.header()).rejects.toThrow(EngineUnavailableError);
  });

  it.each([
    ['no JSON', 200, '<html>Log in</html>', /answered 200, but with no token/],
    ['no token', 200, '{"token_type":"bearer"}', /no token: .*access_token/],
    ['another type', 200, '{"access_token":"a","token_type":"mac"}', /no token: .*token_type/],
    ['a line break', 200, '{"access_token":"a\\nb","token_type":"bearer"}', /no token: /],
    ['a redirect', 302, '', /answered 302: no reason given/],
    [
      'a refusal',
      400,
      '{"error":"invalid_scope","error_description":"no"}',
      /invalid_scope \(no\)/,
    ],
    ['a refusal of the client', 401, '{"error":"invalid_client"}', /answered 401: invalid_client/],
    ['its own secret', 400, `{"error":"x","error_description":"s3cret+/ä"}`, /400: x \(\*\*\*\)/],
  ])(
    'that are answered with %s make the engine unavailable, in words without the secret',
    async (_, status, body, words) => {
      server.answerWith({ status, body });
      const failed = await auth.header().catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(EngineUnavailableError);
      const { message } = failed as Error;
      expect(message).toMatch(words);
      expect(message).toContain(server.url);
      expect(message).not.toMatch(/s3cret|\n/);
    },
  );
});
