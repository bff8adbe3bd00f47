import { describe, expect, it } from 'vitest';
import { createPool, mssqlKnexConfig } from '../../../infrastructure/sqlserver/connection.ts';
import { mssqlUrlProblem, readMssqlUrl } from '../../../infrastructure/sqlserver/target.ts';
import { readConfig } from '../../../src/config.ts';

const PLAIN = 'mssql://user:password@host/db';

describe('DATABASE_URL', () => {
  it('is encrypted, and checks the certificate, unless it says otherwise', () => {
    expect(readMssqlUrl(PLAIN)).toEqual({
      server: 'host',
      port: 1433,
      user: 'user',
      password: 'password',
      database: 'db',
      encrypt: true,
      trustServerCertificate: false,
      applicationName: 'fastify-camunda',
      multiSubnetFailover: false,
    });
    const secure = { encrypt: true, trustServerCertificate: false, appName: 'fastify-camunda' };
    expect(poolOptions(PLAIN)).toMatchObject(secure);
    expect(mssqlKnexConfig(PLAIN).connection).toMatchObject({ options: secure });
    const open = `${PLAIN}?encrypt=false&trustServerCertificate=true&applicationName=mine`;
    const insecure = { encrypt: false, trustServerCertificate: true, appName: 'mine' };
    expect(poolOptions(open)).toMatchObject(insecure);
    expect(mssqlKnexConfig(open).connection).toMatchObject({ options: insecure });
    expect(readMssqlUrl(`${PLAIN}?encrypt=strict`).encrypt).toBe('strict');
  });

  it('takes encoded names and passwords, ports and IPv6 addresses', () => {
    const url = 'mssql://a%40b:p%23%2F%3F%3A%40%25@[::1]:14330/my%20db';
    expect(readMssqlUrl(url)).toMatchObject({
      server: '::1',
      port: 14330,
      user: 'a@b',
      password: 'p#/?:@%',
      database: 'my db',
    });
  });

  it.each([
    ['postgres://user:secret@host/db', /must begin with mssql:/],
    ['mssql://', /names no host/],
    ['mssql:///db', /names no host/],
    ['mssql://host/db', /names no user/],
    ['mssql://user:secret@host', /names no database/],
    ['mssql://user:secret@host/', /names no database/],
    ['mssql://user:secret@host/db/more', /names no database/],
    ['mssql://user:secret@host:port/db', /is no URL/],
    ['mssql://user:se#cret@host/db', /is no URL.*%23 for #/],
    ['mssql://user:1/secret@host/db', /names no user.*%2F for \//],
    ['mssql://user:se?cret@host/db', /is no URL.*%3F for \?/],
    ['mssql://user:secret%@host/db', /has a % in it/],
    ['mssql://user:secret@host/db#x', /has a # in it/],
    [`${PLAIN}?encrypt=yes`, /encrypt must match .*true\|false\|strict/],
    [`${PLAIN}?trustServerCertificate=1`, /trustServerCertificate must match/],
    [`${PLAIN}?secret=1`, /not known; there are encrypt, trustServerCertificate, applicationName/],
    [`${PLAIN}?constructor=1`, /not known/],
  ])('stops the start with one line that names the variable and no password: %s', (url, says) => {
    expect(mssqlUrlProblem(url)).toMatch(says);
    for (const read of [() => readMssqlUrl(url), () => readConfig({ DATABASE_URL: url })]) {
      expect(read).toThrow(/^DATABASE_URL: [^\n]*$/);
      expect(read).toThrow(says);
      expect(read).not.toThrow(/secret|se#cret|se\?cret/);
    }
  });

  it('leaves the sizes and times of the pool to the configuration', () => {
    const limits = {
      max: 3,
      min: 2,
      connectTimeoutMs: 1,
      requestTimeoutMs: 2,
      acquireTimeoutMs: 3,
    };
    const { config } = createPool(readMssqlUrl(PLAIN), limits) as unknown as {
      config: Record<string, unknown>;
    };
    expect(config).toMatchObject({
      connectionTimeout: 1,
      requestTimeout: 2,
      pool: { min: 2, max: 3, acquireTimeoutMillis: 3 },
    });
    expect(mssqlKnexConfig(PLAIN, limits)).toMatchObject({
      connection: { connectionTimeout: 1, requestTimeout: 2 },
      pool: { max: 3 },
      acquireConnectionTimeout: 3,
    });
  });
});

function poolOptions(url: string): unknown {
  const pool = createPool(readMssqlUrl(url), {}) as unknown as { config: { options: unknown } };
  return pool.config.options;
}
