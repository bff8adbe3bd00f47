import { describe, expect, it } from 'vitest';
import { allows, type Scope } from '../../../domain/access/access.ts';
import { newApiKey, parseApiKey } from '../../../src/access/api-key.ts';
import { isLoopback } from '../../../src/access/is-loopback.ts';
import { checkSomebodyGetsIn, readPolicy } from '../../../src/access/policy.ts';
import { readConfig } from '../../../src/config.ts';
import { readCredential } from '../../../src/http/access/credential.ts';

describe('an API key', () => {
  it('has 256 random bits, and a form that secret scanners find', () => {
    const keys = Array.from({ length: 200 }, () => newApiKey());
    expect(new Set(keys.map(({ text }) => text)).size).toBe(200);
    for (const { id, text } of keys) {
      expect(text).toMatch(/^fck_[0-9A-Za-z]{11}_[0-9A-Za-z]{49}$/);
      expect(parseApiKey(text)).toBe(id);
    }
    const largest = newApiKey((size) => Buffer.alloc(size, 0xff));
    expect(parseApiKey(largest.text)).not.toBe(null);
  });

  it('with one wrong character is recognized as invalid without a look-up', () => {
    const { text } = newApiKey();
    for (let at = 4; at < text.length; at++) {
      const other = text[at] === 'a' ? 'b' : 'a';
      expect(parseApiKey(text.slice(0, at) + other + text.slice(at + 1)), `at ${at}`).toBe(null);
    }
  });
});

describe('scopes', () => {
  const may = (held: Scope[], wanted: Parameters<typeof allows>[1]) =>
    allows(new Set(held), wanted);

  it('allow what they name; admin allows all, and nothing is needed where any will do', () => {
    expect(may(['process:start'], 'process:start')).toBe(true);
    expect(may(['process:start', 'process:read', 'events:read'], 'admin')).toBe(false);
    expect(may(['process:read'], 'process:start')).toBe(false);
    expect(may(['admin'], 'events:read')).toBe(true);
    expect(may([], 'any')).toBe(true);
    expect(may([], 'process:read')).toBe(false);
  });
});

describe('a credential', () => {
  const { text } = newApiKey();
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;

  it.each([
    [{ authorization: `Bearer ${text}` }, 'bearer', text],
    [{ authorization: `bearer   ${text} ` }, 'bearer', text],
    [{ 'x-api-key': text }, 'header', text],
    [{ authorization: basic(`anybody:${text}`) }, 'basic', text],
    [{ authorization: basic(`:${text}`) }, 'basic', text],
    [{ authorization: basic('a:b'), 'x-api-key': text }, 'header', text],
    [{ authorization: 'Digest username="a"' }, 'bearer', ''],
    [{ authorization: '' }, 'bearer', ''],
  ])('in %j is read as %s', (headers, scheme, read) => {
    expect(readCredential(headers)).toEqual({ scheme, text: read });
  });

  it('is null when it is missing', () => {
    expect(readCredential({})).toBe(null);
    expect(readCredential({ 'x-api-key': '' })).toBe(null);
  });
});

describe('access', () => {
  const policy = (env: Record<string, string>) => readPolicy(readConfig(env)).kind;
  const jwt = { JWT_JWKS_URL: 'https://idp/keys', JWT_ISSUER: 'i', JWT_AUDIENCE: 'a' };

  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['localhost', true],
    ['LOCALHOST', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['128.0.0.1', false],
    ['127.0.0.1.example.com', false],
    ['localhost.example.com', false],
    ['example.com', false],
  ])('from %s is loopback: %s', (host, is) => {
    expect(isLoopback(host)).toBe(is);
  });

  it('is open on loopback until there is a key, and needs a credential otherwise', () => {
    expect(policy({})).toBe('once-keyed');
    expect(policy({ AUTH: 'off' })).toBe('off');
    expect(policy({ AUTH: 'on' })).toBe('on');
    expect(policy(jwt)).toBe('on');
    expect(policy({ HOST: '0.0.0.0' })).toBe('on');
    expect(policy({ HOST: '::', ...jwt })).toBe('on');
  });

  it.each([
    [{ HOST: '0.0.0.0', AUTH: 'off' }, /^HOST: 0\.0\.0\.0 .*AUTH=on.*api-key create/],
    [{ AUTH: 'off', ...jwt }, /^AUTH: .*JWT_JWKS_URL/],
    [{ ...jwt, JWT_ISSUER: '' }, /^JWT_ISSUER: must be set/],
    [{ ...jwt, JWT_AUDIENCE: '' }, /^JWT_AUDIENCE: must be set/],
  ])('is refused at the start with %j, and one line says why', (env, line) => {
    expect(() => policy(env)).toThrow(line);
  });

  it.each([
    [{ HOST: '0.0.0.0' }, /^HOST: .*HOST=0\.0\.0\.0.*api-key create/],
    [{ AUTH: 'on' }, /^AUTH: .*api-key create/],
  ])('is refused at the start without any key with %j', (env, line) => {
    const config = readConfig(env);
    expect(() => checkSomebodyGetsIn(readPolicy(config), config, false)).toThrow(line);
    expect(() => checkSomebodyGetsIn(readPolicy(config), config, true)).not.toThrow();
  });

  it.each([
    '1',
    'true',
    '*',
    '10.0.0.0/33',
    '10.0.0.0/0',
    '::1/129',
    'proxy.example.com',
    'loopback,',
  ])('refuses %s as TRUST_PROXY', (TRUST_PROXY) => {
    expect(() => readConfig({ TRUST_PROXY })).toThrow(/^TRUST_PROXY: /);
  });

  it.each(['loopback', '10.0.0.0/8', '10.1.2.3, uniquelocal', '::1', 'fd00::/8'])(
    'takes %s as TRUST_PROXY',
    (TRUST_PROXY) => {
      expect(readConfig({ TRUST_PROXY }).TRUST_PROXY).toBe(TRUST_PROXY);
    },
  );
});
