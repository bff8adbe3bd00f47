import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { Queue } from '../../../domain/outbox/queue.ts';
import type { Notifier } from '../../../domain/process/notifier.ts';
import { checkRedis } from '../../../infrastructure/redis/check-redis.ts';
import { openRedis, prefixFor, untilReady } from '../../../infrastructure/redis/connection.ts';
import { createRedisNotifier } from '../../../infrastructure/redis/notifier.ts';
import { createBullmqQueue } from '../../../infrastructure/redis/queue.ts';
import { freePort, until } from '../../support/children.ts';
import { stateOf } from '../../support/events.ts';
import { job, silent } from '../../support/queues.ts';
import { type RunningRedis, startRedis, startSentinel } from '../../support/redis.ts';
import { serverUrl } from '../../support/servers.ts';

const redisUrl = await serverUrl('redis');

describe.skipIf(redisUrl === null)('Redis as', () => {
  const servers: RunningRedis[] = [];
  const open: (Queue | Notifier)[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close(0)));
    await Promise.all(servers.splice(0).map((one) => one.stop()));
  });

  async function start(...settings: string[]): Promise<RunningRedis> {
    const server = await startRedis(undefined, undefined, settings);
    servers.push(server);
    return server;
  }

  /** A queue and a notifier there, and what they did. */
  async function use(url: string) {
    const ran: string[] = [];
    const received: string[] = [];
    const gaps: number[] = [];
    const queue = await createBullmqQueue({
      url,
      concurrency: 4,
      log: silent,
      prefix: prefixFor(url, 'forms'),
      stalledMs: 1_000,
    });
    open.push(queue);
    const notifier = await createRedisNotifier({
      url,
      channel: randomUUID(),
      log: silent,
      onGap: () => gaps.push(received.length),
      pingMs: 500,
    });
    open.push(notifier);
    notifier.subscribe(({ correlationId }) => received.push(correlationId));
    await queue.work({
      'start-instance': async ({ correlationId }) => void ran.push(correlationId),
      'project-process': async ({ correlationId }) => void ran.push(correlationId),
    });
    return { queue, notifier, ran, received, gaps };
  }

  /** Gives a job again and again, as the relay does, until Redis takes it. */
  async function give(queue: Queue, correlationId: string): Promise<void> {
    await until(
      () =>
        Promise.all(
          queue.addBulk([
            job('start-instance', correlationId),
            job('project-process', correlationId),
          ]),
        ).then(
          () => true,
          () => false,
        ),
      'Redis takes the job',
    );
  }

  it('a Sentinel group moves jobs and states to the replica when the master is killed', async () => {
    const master = await start();
    const replica = await start('--replicaof', `127.0.0.1 ${master.port}`);
    const sentinel = await startSentinel(master.port);
    servers.push(sentinel);
    await knowsReplica(sentinel.port);
    const { queue, notifier, ran, received, gaps } = await use(sentinel.url);
    expect(await checkRedis(sentinel.url)).toEqual([]);
    await give(queue, 'before');
    await until(() => ran.filter((id) => id === 'before').length === 2, 'both jobs run');

    process.kill(master.pid, 'SIGKILL');
    await until(async () => (await role(replica)) === 'master', 'the replica takes over');
    await give(queue, 'after');
    await until(() => ran.filter((id) => id === 'after').length >= 2, 'both jobs run');
    await until(() => gaps.length > 0, 'the subscription stands at the new master');
    await notifier.publish(stateOf('after', 1));
    // Its own listeners are notified without Redis.
    await until(
      () => received.filter((id) => id === 'after').length === 2,
      'it comes through Redis, too',
    );
  });

  it('a Cluster carries jobs, timed jobs and states, each queue on one node', async () => {
    const nodes = [await startNode(), await startNode(), await startNode()];
    const made = spawnSync('redis-cli', [
      ...['--cluster', 'create', ...nodes.map(({ port }) => `127.0.0.1:${port}`)],
      ...['--cluster-replicas', '0', '--cluster-yes'],
    ]);
    expect(made.status, String(made.stdout)).toBe(0);
    // One node is enough to find the others; another is tried when it is away.
    const url = `redis-cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
    await until(
      () =>
        checkRedis(url).then(
          (warnings) => warnings.length === 0,
          () => false,
        ),
      'the cluster is whole',
    );
    const { queue, notifier, ran, received, gaps } = await use(url);
    await give(queue, 'job');
    await until(() => ran.length === 2, 'both jobs run');
    let runs = 0;
    await queue.schedule('reconcile-processes', { everyMs: 50 }, async () => void runs++);
    await until(() => runs >= 2, 'the timed job runs');
    await notifier.publish(stateOf('state', 1));
    await until(() => received.length === 2, 'the state comes through the cluster');

    // The subscription is on the first node; the messages of the others reach it there.
    await endSubscriptions(nodes);
    // Once for each node that it was on meanwhile.
    await until(() => gaps.length > 0, 'it stands again');
    // Each comes here at once, and through the cluster once no subscription is lost again.
    let published = 0;
    await until(async () => {
      await notifier.publish(stateOf('later', ++published));
      return received.filter((id) => id === 'later').length > published;
    }, 'it hears again');
  });

  async function startNode(): Promise<RunningRedis> {
    const bus = await freePort();
    return start('--cluster-enabled', 'yes', '--cluster-port', String(bus));
  }

  async function admin(port: number, ...command: [string, ...string[]]): Promise<unknown> {
    const connection = openRedis(`redis://127.0.0.1:${port}`, 'caller', () => {});
    try {
      await untilReady(connection, 5_000);
      return await connection.call(...command);
    } finally {
      connection.disconnect();
    }
  }

  async function endSubscriptions(nodes: readonly RunningRedis[]): Promise<void> {
    for (const { port } of nodes) await admin(port, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
  }

  async function role({ port }: RunningRedis): Promise<unknown> {
    const answer = await admin(port, 'ROLE').catch(() => []);
    return Array.isArray(answer) ? answer[0] : undefined;
  }

  async function knowsReplica(port: number): Promise<void> {
    const replicas = () =>
      new Promise<boolean>((resolve) => {
        const { stdout } = spawnSync('redis-cli', [
          '-p',
          `${port}`,
          'sentinel',
          'replicas',
          'ours',
        ]);
        resolve(String(stdout).includes('master-link-status') && String(stdout).includes('ok'));
      });
    await until(replicas, 'the sentinel knows the replica');
  }
});
