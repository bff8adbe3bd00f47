import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SetupError } from '../../../domain/common/errors.ts';
import { createStartGate } from '../../../infrastructure/worker/start-gate.ts';
import { openTransport } from '../../../src/composition/queue/transport.ts';
import { readConfig } from '../../../src/config.ts';
import { freePort } from '../../support/children.ts';
import { type RunningRedis, startRedis } from '../../support/redis.ts';
import { serverUrl } from '../../support/servers.ts';

const redisUrl = await serverUrl('redis');
const log = pino({ level: 'silent' });

/** Opens the transport and closes it again: its warnings. */
async function open(url: string): Promise<string[]> {
  return (await tryToOpen(url)).warnings;
}

/** Likewise, with why Redis is waited for, if it is. */
async function tryToOpen(url: string) {
  const warnings: string[] = [];
  const { queue, notifier, trouble } = await openTransport(
    readConfig({ REDIS_URL: url, REDIS_PREFIX: 'setup-test' }),
    Object.assign(Object.create(log), {
      warn: (_fields: object, text: string) => warnings.push(text),
    }),
    () => {},
    { startGate: createStartGate(1), waitingStarts: () => 0 },
  );
  const why = trouble();
  await queue.close(0);
  await notifier.close();
  return { warnings, why };
}

describe.skipIf(redisUrl === null)('a REDIS_URL at the start', () => {
  let redis: RunningRedis;
  let locked: RunningRedis;
  let tls: RunningRedis & { tlsPort: number };
  let closed: number;
  /** Accepts connections and sends nothing. */
  const mute = createServer();
  let mutePort: number;

  beforeAll(async () => {
    closed = await freePort();
    mutePort = await freePort();
    await new Promise<void>((resolve) => mute.listen(mutePort, '127.0.0.1', resolve));
    redis = await startRedis(undefined, undefined, ['--maxmemory-policy', 'allkeys-lru']);
    locked = await startRedis(undefined, undefined, ['--requirepass', 'right']);
    tls = await startTls();
  });
  afterAll(async () => {
    mute.close();
    await Promise.all([redis, locked, tls].map((one) => one?.stop()));
  });

  async function startTls() {
    const folder = mkdtempSync(join(tmpdir(), 'fastify-camunda-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const made = spawnSync('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'],
      ...['-keyout', key, '-out', cert],
    ]);
    if (made.status !== 0) throw new Error('openssl makes no certificate');
    const tlsPort = await freePort();
    const running = await startRedis(undefined, undefined, [
      ...['--tls-port', String(tlsPort), '--tls-cert-file', cert, '--tls-key-file', key],
      ...['--tls-ca-cert-file', cert, '--tls-auth-clients', 'no'],
    ]);
    return { ...running, tlsPort };
  }

  const wrong: [what: string, url: () => string, said: string | RegExp][] = [
    ['the host is unknown', () => 'redis://u:secret@no-such-host.invalid', /ENOTFOUND|EAI_AGAIN/],
    [
      'the password is wrong',
      () => `redis://:secret@127.0.0.1:${locked.port}`,
      'the user or password is wrong',
    ],
    ['there is no password', () => `redis://127.0.0.1:${locked.port}`, 'requires a password'],
    ['the database does not exist', () => `redis://127.0.0.1:${redis.port}/99`, 'DB index'],
    [
      'it does not speak TLS',
      () => `rediss://:secret@127.0.0.1:${redis.port}`,
      'if it does not speak TLS, write redis',
    ],
    ['it speaks only TLS', () => `redis://127.0.0.1:${tls.tlsPort}`, 'write rediss'],
    [
      'its certificate is not trusted',
      () => `rediss://localhost:${tls.tlsPort}`,
      /self-signed certificate; .* NODE_EXTRA_CA_CERTS/,
    ],
    [
      'it is not a sentinel',
      () => `redis-sentinel://127.0.0.1:${redis.port}/ours`,
      'it is not a sentinel',
    ],
    [
      'it is not a cluster',
      () => `redis-cluster://127.0.0.1:${redis.port}`,
      'it is not a cluster; write redis://',
    ],
  ];
  const away: typeof wrong = [
    ['nobody listens', () => `redis://u:secret@127.0.0.1:${closed}`, 'ECONNREFUSED'],
    ['it does not answer', () => `redis://:secret@127.0.0.1:${mutePort}`, 'no answer within'],
    [
      'there are no sentinels',
      () => `redis-sentinel://:secret@127.0.0.1:${closed}/ours?sentinelPassword=secret`,
      'no sentinel answers',
    ],
    [
      'there is no cluster',
      () => `redis-cluster://:secret@127.0.0.1:${closed}`,
      'no node of the cluster answers',
    ],
  ];
  /** All at once: most are given five seconds to come right. */
  const ends = new Map<string, Promise<unknown>>();
  beforeAll(() => {
    for (const [what, url] of [...wrong, ...away])
      ends.set(
        what,
        tryToOpen(url()).catch((cause: unknown) => cause),
      );
  });
  it.each(away)('G10: is waited for, with one line, when %s', async (what, url, said) => {
    const { why } = (await ends.get(what)) as Awaited<ReturnType<typeof tryToOpen>>;
    expectLine(why ?? '', url(), said);
  });
  it.each(wrong)('stops the start in one line when %s', async (what, url, said) => {
    const error = await ends.get(what);
    expect(error).toBeInstanceOf(SetupError);
    expectLine((error as SetupError).message, url(), said);
  });

  function expectLine(message: string, url: string, said: string | RegExp): void {
    expect(message).toMatch(/^REDIS_URL: cannot use rediss?(-sentinel|-cluster)?:\/\/[^\n]+$/);
    expect(message.slice(message.indexOf(': ', 12))).toMatch(said);
    expect(message).toContain(new URL(url.replace(/-(sentinel|cluster)/, '')).host);
    expect(message).not.toContain('secret');
  }

  it('is warned of when Redis may throw jobs away, and its login is used', async () => {
    expect(await open(redis.url)).toEqual([
      `REDIS_URL: Redis may delete jobs when its memory is full (maxmemory-policy allkeys-lru); set maxmemory-policy noeviction`,
    ]);
    expect(await open(`redis://:right@127.0.0.1:${locked.port}`)).toEqual([]);
  });

  it('needs no permission for CONFIG', async () => {
    const guarded = await startRedis(undefined, undefined, [
      ...['--maxmemory-policy', 'volatile-lru'],
      ...['--user', 'app', 'on', '>pw', '~*', '&*', '+@all', '-config'],
    ]);
    const [warning] = await open(`redis://app:pw@127.0.0.1:${guarded.port}`);
    expect(warning).toContain('maxmemory-policy volatile-lru');
    await guarded.stop();
  });
});
