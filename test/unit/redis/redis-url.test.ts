import { describe, expect, it } from 'vitest';
import { checkServer, readInfo } from '../../../infrastructure/redis/check-redis.ts';
import { prefixFor } from '../../../infrastructure/redis/connection.ts';
import { parseRedisUrl } from '../../../infrastructure/redis/redis-url.ts';
import { readConfig, redactConfig } from '../../../src/config.ts';

const plain = { kind: 'single', tls: false, db: 0, masterName: '' } as const;

describe('REDIS_URL', () => {
  it.each([
    ['redis://localhost', { ...plain, hosts: [{ host: 'localhost', port: 6379 }] }],
    ['redis://[::1]:7000/2', { ...plain, db: 2, hosts: [{ host: '::1', port: 7000 }] }],
    [
      'rediss://user:p%40ss:w%2Frd@cache.example:6380',
      {
        ...plain,
        tls: true,
        username: 'user',
        password: 'p@ss:w/rd',
        hosts: [{ host: 'cache.example', port: 6380 }],
      },
    ],
    [
      'redis://h?password=p%26ss&db=1',
      { ...plain, password: 'p&ss', db: 1, hosts: [{ host: 'h', port: 6379 }] },
    ],
    ['redis://:p@ss@h', { ...plain, password: 'p@ss', hosts: [{ host: 'h', port: 6379 }] }],
    [
      'redis-sentinel://:pw@a,b:26380/main/3?sentinelPassword=s%26cret',
      {
        kind: 'sentinel',
        tls: false,
        password: 'pw',
        db: 3,
        masterName: 'main',
        sentinelPassword: 's&cret',
        hosts: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 26380 },
        ],
      },
    ],
    [
      'rediss-cluster://a:7000,b:7001,c',
      {
        kind: 'cluster',
        tls: true,
        db: 0,
        masterName: '',
        hosts: [
          { host: 'a', port: 7000 },
          { host: 'b', port: 7001 },
          { host: 'c', port: 6379 },
        ],
      },
    ],
  ])('is read: %s', (url, target) => {
    expect(parseRedisUrl(url)).toEqual(target);
  });

  it.each([
    ['http://h', 'must be redis://host:port'],
    ['redis://', 'must be redis://host:port'],
    ['redis://:se/cret@h:1', 'has an invalid host'],
    ['redis://user:secret@h:99999', 'has an invalid host'],
    ['redis://:secret@h:x', 'has an invalid host'],
    ['redis://:secret@a,b', 'names several hosts'],
    ['redis://:secret@h/x', 'must end with the number of the database'],
    ['redis://:secret@h?pasword=secret', 'an unknown parameter'],
    ['redis://h?sentinelPassword=secret', 'an unknown parameter'],
    ['redis://:secret%@h', 'a % that is not part of an escape'],
    ['redis-sentinel://:secret@a', 'must name the master'],
    ['redis-sentinel://:secret@a/main/0/1', 'must name the master'],
    ['redis-sentinel://a/main?sentinelPasword=secret', 'an unknown parameter'],
    ['redis-cluster://:secret@a/1', 'a cluster has only database 0'],
  ])('is refused without what may be a password: %s', (url, reason) => {
    const read = () => readConfig({ REDIS_URL: url });
    expect(read).toThrow(reason);
    expect(read).toThrow(/^REDIS_URL: /);
    expect(read).not.toThrow(/se\/?cret(?!s)/);
  });

  it('is printed without its passwords', () => {
    const url = 'redis-sentinel://user:secret@a,b:26380/main?sentinelPassword=secret2';
    expect(redactConfig(readConfig({ REDIS_URL: url })).REDIS_URL).toBe(
      'redis-sentinel://user:***@a,b:26380/main?sentinelPassword=***',
    );
  });

  it('of a cluster keeps all keys on one node by a hash tag', () => {
    expect(prefixFor('redis-cluster://a', 'orders')).toBe('{orders}');
    expect(prefixFor('redis-cluster://a', '{orders}:eu')).toBe('{orders}:eu');
    expect(prefixFor('redis-cluster://a', 'odd{}')).toBe('{odd{}}');
    expect(prefixFor('redis://a', 'orders')).toBe('orders');
  });
});

describe('the INFO of Redis', () => {
  const info = (lines: string) => readInfo(`# Server\r\n${lines.replaceAll('\n', '\r\n')}\r\n`);
  const fine = 'redis_version:7.2.1\nrole:master\ncluster_enabled:0';

  it('gives no warning with noeviction', () => {
    expect(checkServer('single', info(`${fine}\nmaxmemory_policy:noeviction`))).toEqual([]);
  });

  it.each(['allkeys-lru', 'volatile-ttl'])('gives a warning with %s', (policy) => {
    const [warning, ...more] = checkServer('single', info(`${fine}\nmaxmemory_policy:${policy}`));
    expect(warning).toBe(
      `REDIS_URL: Redis may delete jobs when its memory is full (maxmemory-policy ${policy}); set maxmemory-policy noeviction`,
    );
    expect(more).toEqual([]);
  });

  it('gives a warning without a policy', () => {
    expect(checkServer('single', info(fine))).toEqual([
      expect.stringContaining(
        'does not report its maxmemory-policy; make sure that it is noeviction',
      ),
    ]);
  });

  it.each([
    ['redis_version:6.0.16', ['REDIS_URL: it is Redis 6.0.16; BullMQ advises 6.2 or newer']],
    ['redis_version:6.2.0', []],
    ['redis_version:10.0.1', []],
  ])('gives a warning for an old version only: %s', (version, warnings) => {
    const text = `${version}\nrole:master\nmaxmemory_policy:noeviction`;
    expect(checkServer('single', info(text))).toEqual(warnings);
  });

  it.each([
    ['single', 'redis_version:4.0.9\nrole:master', 'BullMQ needs 5.0'],
    ['single', 'redis_version:7.0.1\nrole:slave', 'it is a replica'],
    ['single', 'redis_version:7.0.1\nrole:master\ncluster_enabled:1', 'write redis-cluster://'],
  ] as const)('is refused as %s: %s', (kind, text, reason) => {
    expect(() => checkServer(kind, info(text))).toThrow(reason);
  });
});
