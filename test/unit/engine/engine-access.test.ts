import { describe, expect, it } from 'vitest';
import { SetupError } from '../../../domain/common/errors.ts';
import { readEngineAccess } from '../../../src/composition/engine/engine-access.ts';
import { readConfig } from '../../../src/config.ts';

const CAMUNDA_BASE_URL = 'https://engine.example.com/engine-rest';
const basic = { CAMUNDA_USERNAME: 'demo', CAMUNDA_PASSWORD: 's3cret' };
const oauth = {
  CAMUNDA_OAUTH_TOKEN_URL: 'https://id.example.com/token',
  CAMUNDA_OAUTH_CLIENT_ID: 'service',
  CAMUNDA_OAUTH_CLIENT_SECRET: 's3cret',
};

const read = (env: Record<string, string>) => readEngineAccess(readConfig(env));

describe('the function readEngineAccess', () => {
  it('takes an engine that asks for no credentials, and the embedded one', () => {
    expect(read({ CAMUNDA_BASE_URL })).toEqual({
      baseUrl: CAMUNDA_BASE_URL,
      auth: { kind: 'none' },
    });
    expect(read({})).toEqual({ baseUrl: '', auth: { kind: 'none' } });
  });

  it('takes basic auth', () => {
    expect(read({ CAMUNDA_BASE_URL, ...basic })).toEqual({
      baseUrl: CAMUNDA_BASE_URL,
      auth: { kind: 'basic', username: 'demo', password: 's3cret' },
    });
  });

  it('takes the credentials of the URL out of it, decoded', () => {
    const url = 'https://de%20mo:s3%40cret%25@engine.example.com/engine-rest';
    expect(read({ CAMUNDA_BASE_URL: url })).toEqual({
      baseUrl: CAMUNDA_BASE_URL,
      auth: { kind: 'basic', username: 'de mo', password: 's3@cret%' },
    });
  });

  it('takes OAuth 2.0, with and without scope and audience', () => {
    const auth = {
      kind: 'oauth',
      tokenUrl: oauth.CAMUNDA_OAUTH_TOKEN_URL,
      clientId: 'service',
      clientSecret: 's3cret',
    };
    expect(read({ CAMUNDA_BASE_URL, ...oauth }).auth).toEqual({ ...auth, scope: '', audience: '' });
    const more = { CAMUNDA_OAUTH_SCOPE: 'engine', CAMUNDA_OAUTH_AUDIENCE: 'a' };
    expect(read({ CAMUNDA_BASE_URL, ...oauth, ...more }).auth).toEqual({
      ...auth,
      scope: 'engine',
      audience: 'a',
    });
  });

  const { CAMUNDA_OAUTH_CLIENT_SECRET: _secret, ...noSecret } = oauth;
  it.each<[string, Record<string, string>, RegExp]>([
    ['both', { ...basic, ...oauth }, /^CAMUNDA_USERNAME, CAMUNDA_OAUTH_TOKEN_URL: .*not with both/],
    ['a user without a password', { CAMUNDA_USERNAME: 'demo' }, /^CAMUNDA_PASSWORD: not set, /],
    ['a password without a user', { CAMUNDA_PASSWORD: 's3cret' }, /^CAMUNDA_USERNAME: not set, /],
    [
      'no secret',
      noSecret,
      /^CAMUNDA_OAUTH_CLIENT_SECRET: not set, though CAMUNDA_OAUTH_TOKEN_URL/,
    ],
    [
      'a scope alone',
      { CAMUNDA_OAUTH_SCOPE: 'engine' },
      /^CAMUNDA_OAUTH_TOKEN_URL, CAMUNDA_OAUTH_CLIENT_ID, CAMUNDA_OAUTH_CLIENT_SECRET: not set, though CAMUNDA_OAUTH_SCOPE is/,
    ],
    [
      'credentials in the URL and beside it',
      { CAMUNDA_BASE_URL: 'http://demo:s3cret@engine', ...basic },
      /^CAMUNDA_BASE_URL, CAMUNDA_USERNAME: /,
    ],
    [
      'credentials in the URL and OAuth 2.0',
      { CAMUNDA_BASE_URL: 'http://demo:s3cret@engine', ...oauth },
      /^CAMUNDA_USERNAME, CAMUNDA_OAUTH_TOKEN_URL: .*not with both/,
    ],
    [
      'credentials in the URL that cannot be decoded',
      { CAMUNDA_BASE_URL: 'http://demo:s3cret%@engine' },
      /^CAMUNDA_BASE_URL: .*encode a % as %25/,
    ],
    [
      'a token URL with credentials',
      { ...oauth, CAMUNDA_OAUTH_TOKEN_URL: 'https://service:s3cret@id.example.com/token' },
      /^CAMUNDA_OAUTH_TOKEN_URL: must hold no credentials/,
    ],
    [
      'no engine to use them for',
      { CAMUNDA_BASE_URL: '', ...basic },
      /^CAMUNDA_USERNAME: is for an engine at CAMUNDA_BASE_URL, which is not set/,
    ],
  ])('refuses %s, in one line without the secret', (_, env, says) => {
    const failed = (): unknown => read({ CAMUNDA_BASE_URL, ...env });
    expect(failed).toThrow(SetupError);
    expect(failed).toThrow(says);
    expect(failed).not.toThrow(/s3cret|\n/);
  });
});
