import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aptInstall, endWithUs, freePort, isOnPath, stopChild, until } from './children.ts';

export interface RunningRedis {
  url: string;
  port: number;
  pid: number;
  stop(): Promise<void>;
}

/**
 * Starts a Redis, after installing it if the system allows that.
 *
 * @param given the port; by default a free one
 * @param keepIn a folder for an append-only file, synced at every write, so that acknowledged writes survive a kill; by
 *   default nothing is kept
 * @param more further settings, as on the command line of the server
 * @throws Error with one sentence that says how to install Redis
 */
export async function startRedis(
  given?: number,
  keepIn?: string,
  more: readonly string[] = [],
): Promise<RunningRedis> {
  const program = await findOrInstall();
  const port = given ?? (await freePort());
  const folder = keepIn ?? mkdtempSync(join(tmpdir(), 'fastify-camunda-redis-'));
  const child = spawn(
    program,
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''].concat([
      '--appendonly',
      keepIn ? 'yes' : 'no',
      '--appendfsync',
      'always',
      '--maxmemory-policy',
      'noeviction',
      ...more,
    ]),
    { stdio: 'ignore' },
  );
  endWithUs(child);
  await until(() => answersPing(port), 'Redis answers');
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    stop: () => stopChild(child),
  };
}

async function findOrInstall(): Promise<string> {
  const known = ['redis-server', 'valkey-server'].find(isOnPath);
  if (known) return known;
  await aptInstall('redis-server');
  if (isOnPath('redis-server')) return 'redis-server';
  throw new Error(
    'there is no redis-server: install Redis 7 or Valkey, e.g. `apt-get install redis-server`',
  );
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const finish = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', (data) => finish(/^(\+PONG|-NOAUTH)/.test(data.toString())));
    socket.once('error', () => finish(false));
  });
}

/** Starts a sentinel for a running Redis; it alone decides to fail over. */
export async function startSentinel(masterPort: number): Promise<RunningRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'fastify-camunda-sentinel-'));
  const port = await freePort();
  const file = join(folder, 'sentinel.conf');
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor ours 127.0.0.1 ${masterPort} 1`,
      'sentinel down-after-milliseconds ours 500',
      'sentinel failover-timeout ours 2000',
      '',
    ].join('\n'),
  );
  const child = spawn(await findOrInstall(), [file, '--sentinel'], { stdio: 'ignore' });
  endWithUs(child);
  await until(() => answersPing(port), 'the sentinel answers');
  return {
    url: `redis-sentinel://127.0.0.1:${port}/ours`,
    port,
    pid: child.pid ?? 0,
    stop: () => stopChild(child),
  };
}
