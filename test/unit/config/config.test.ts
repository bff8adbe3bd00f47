import { describe, expect, it } from 'vitest';
import { SetupError } from '../../../domain/common/errors.ts';
import { configSchema, readConfig, redactConfig } from '../../../src/config.ts';

const messageOf = (env: Record<string, string>): string => {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof SetupError) return error.message;
    throw error;
  }
  throw new Error('it was taken');
};

describe('the function readConfig', () => {
  it('needs nothing: everything has a default', () => {
    expect(readConfig({})).toMatchObject({
      HOST: '127.0.0.1',
      PORT: 3000,
      DATA_DIR: './data',
      DATABASE_URL: '',
      ROLES: ['api', 'worker', 'relay', 'projector', 'retention'],
      WAIT_TIMEOUT_MS: 25_000,
    });
  });

  it('takes an empty variable for one that is not set, whichever it is', () => {
    const names = Object.keys(configSchema.shape);
    const empty = Object.fromEntries(names.map((name) => [name, '']));
    expect(readConfig(empty)).toEqual(readConfig({}));
  });

  it('reads numbers and lists from text', () => {
    const config = readConfig({ PORT: '0', ROLES: ' api , relay', LONG_POLL_MS: '250' });
    expect(config).toMatchObject({ PORT: 0, ROLES: ['api', 'relay'], LONG_POLL_MS: 250 });
  });

  it.each([
    ['PORT', 'eighty'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['DATABASE_URL', 'postgres://host/db'],
    ['DATABASE_URL', 'not a url'],
    ['REDIS_URL', 'http://host'],
    ['CAMUNDA_BASE_URL', 'ftp://host'],
    ['CAMUNDA_BASE_URL', 'localhost:8080/engine-rest'],
    ['ENGINE_RETRY_CYCLE', 'often'],
    ['ENGINE_RETRY_CYCLE', 'PT1M,often'],
    ['ENGINE_RETRY_CYCLE', '#{cycle}'],
    ['ROLES', 'api,boss'],
    ['ROLES', ','],
    ['LOG_LEVEL', 'loud'],
    ['WAIT_TIMEOUT_MS', '600001'],
    ['BODY_LIMIT', '10'],
    ['RATE_LIMIT_PER_MINUTE', '-5'],
    ['PROCESS_MAP_MAX', '1'],
    ['QUEUE_CONCURRENCY', '0'],
    ['WORKER_CONCURRENCY', '0'],
    ['LOCK_DURATION_MS', '10'],
    ['LONG_POLL_MS', '1'],
    ['OUTBOX_POLL_MS', '1'],
    ['OUTBOX_LEASE_MS', '1'],
    ['ARCHIVE_AFTER_DAYS', '-1'],
    ['ARCHIVE_AFTER_DAYS', '1.5'],
    ['ARCHIVE_CRON', 'every night'],
    ['ARCHIVE_CRON', '61 2 * * *'],
    ['ARCHIVE_CRON', '0 30 2 * * *'],
    ['ARCHIVE_CRON', '0 0 31 2 *'],
    ['ARCHIVE_BATCH', '0'],
    ['ARCHIVE_BATCH', '1001'],
    ['PERSONAL_DATA_KEY', 'too-short'],
    ['PERSONAL_DATA_KEY', 'A'.repeat(42)],
    ['SHUTDOWN_TIMEOUT_MS', '1'],
  ])('names a wrong %s (%s) in one line', (name, value) => {
    const message = messageOf({ [name]: value });
    expect(message).toMatch(new RegExp(`^${name}: `));
    expect(message).not.toContain('\n');
  });

  it('names all wrong settings, without their values, which may be secret', () => {
    const message = messageOf({
      PORT: 'x',
      REDIS_URL: 'redsi://:s3cret@host',
      LOG_LEVEL: 'loud',
    });
    for (const name of ['PORT', 'REDIS_URL', 'LOG_LEVEL']) expect(message).toContain(`${name}: `);
    expect(message).not.toContain('s3cret');
  });
});

describe('the function redactConfig', () => {
  it.each([
    ['redis://:s3cret@host:6379/0', 'redis://:***@host:6379/0'],
    ['redis://user:s3cret@host', 'redis://user:***@host'],
    ['rediss://user:s3%40cret@host', 'rediss://user:***@host'],
    ['redis://user:s3cret@s3cret@host', 'redis://user:***@host'],
    ['redis://user:s3:cret@host', 'redis://user:***@host'],
    ['redis://host:6379?password=s3cret&db=1', 'redis://host:6379?password=***&db=1'],
    ['redis://host:6379', 'redis://host:6379'],
    ['redis://user@host', 'redis://user@host'],
  ])('shows %s as %s', (url, shown) => {
    expect(redactConfig(readConfig({ REDIS_URL: url })).REDIS_URL).toBe(shown);
  });

  it('masks every password, wherever it stands', () => {
    const shown = redactConfig(
      readConfig({
        DATABASE_URL: 'mssql://sa:s3cret@db:1433/app?encrypt=false',
        CAMUNDA_BASE_URL: 'https://demo:s3cret@engine/engine-rest',
        CAMUNDA_USERNAME: 'demo',
        CAMUNDA_PASSWORD: 's3cret',
        CAMUNDA_OAUTH_CLIENT_ID: 'service',
        CAMUNDA_OAUTH_CLIENT_SECRET: 's3cret',
      }),
    );
    expect(JSON.stringify(shown)).not.toContain('s3cret');
    expect(shown).toMatchObject({
      DATABASE_URL: 'mssql://sa:***@db:1433/app?encrypt=false',
      CAMUNDA_USERNAME: 'demo',
      CAMUNDA_PASSWORD: '***',
      CAMUNDA_OAUTH_CLIENT_ID: 'service',
      CAMUNDA_OAUTH_CLIENT_SECRET: '***',
      PORT: 3000,
    });
  });

  it('leaves an empty password empty, for that none is set is no secret', () => {
    expect(redactConfig(readConfig({})).CAMUNDA_PASSWORD).toBe('');
  });

  it.each([
    [
      'WAIT_TIMEOUT_MS',
      '25s',
      'WAIT_TIMEOUT_MS: must be a whole number of milliseconds from 0 to 600000, like 25000',
    ],
    [
      'JWT_CLOCK_TOLERANCE_SECONDS',
      '1m',
      'JWT_CLOCK_TOLERANCE_SECONDS: must be a whole number of seconds from 0 to 300, like 5',
    ],
    [
      'ARCHIVE_AFTER_DAYS',
      '90d',
      'ARCHIVE_AFTER_DAYS: must be a whole number of days from 0 to 36500, like 90',
    ],
    ['BODY_LIMIT', '1MB', 'BODY_LIMIT: must be a whole number of bytes from 1024 on, like 1048576'],
    ['PORT', 'http', 'PORT: must be a whole number from 0 to 65535, like 3000'],
    [
      'LONG_POLL_MS',
      '1.5',
      'LONG_POLL_MS: must be a whole number of milliseconds from 100 on, like 1000',
    ],
  ])('says what %s counts when it is %s', (name, value, message) => {
    expect(() => readConfig({ [name]: value })).toThrow(new SetupError(message));
  });

  it('names the unit of every number of milliseconds, seconds, days and bytes', () => {
    for (const name of Object.keys(configSchema.shape)) {
      const unit = /_MS$/.test(name) ? 'milliseconds' : /_SECONDS$/.test(name) ? 'seconds' : null;
      if (unit) expect(() => readConfig({ [name]: 'soon' })).toThrow(`whole number of ${unit}`);
    }
  });
});
