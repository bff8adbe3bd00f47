import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Queue } from '../../domain/outbox/queue.ts';
import { createRedisNotifier } from '../../infrastructure/redis/notifier.ts';
import { until } from '../support/children.ts';
import { stateOf } from '../support/events.ts';
import { bullmqQueues, job, silent } from '../support/queues.ts';
import { type RunningRedis, startRedis } from '../support/redis.ts';
import { serverUrl } from '../support/servers.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const redisUrl = await serverUrl('redis');

describe.skipIf(redisUrl === null)(
  'a network to Redis that drops all packets and closes no connection',
  () => {
    let redis: RunningRedis;
    let network: TcpProxy;
    let queue: Queue;
    beforeEach(async () => {
      redis = await startRedis();
      network = await startTcpProxy({ port: redis.port });
      queue = await bullmqQueues(`redis://127.0.0.1:${network.port}`).open();
    });
    afterEach(async () => {
      await queue.close(0);
      await network.stop();
      await redis.stop();
    });

    it('G6, G10: delays jobs and states only until the loss is noticed', async () => {
      const url = `redis://127.0.0.1:${network.port}`;
      const gaps: number[] = [];
      const received: string[] = [];
      const channel = randomUUID();
      const own = { url, channel, log: silent, pingMs: 500 };
      const notifier = await createRedisNotifier({ ...own, onGap: () => gaps.push(Date.now()) });
      notifier.subscribe(({ correlationId }) => received.push(correlationId));
      const other = await createRedisNotifier({ ...own, url: redis.url, onGap: () => {} });
      const ran: string[] = [];
      await queue.work({ 'start-instance': async (one) => void ran.push(one.correlationId) });
      await Promise.all(queue.addBulk([job('start-instance', 'before')]));
      await until(() => ran.length === 1, 'the first job runs');

      network.swallow();
      const begin = Date.now();
      await expect(Promise.all(queue.addBulk([job('start-instance', 'during')]))).rejects.toThrow();
      expect(Date.now() - begin).toBeLessThan(30_000);
      // After the gap the service reads the states that its waiters may have missed.
      await network.heal();
      await until(() => gaps.length > 0, 'the subscription was renewed');
      await other.publish(stateOf('after', 1));
      await until(() => received.includes('after'), 'the notifier receives states again');

      await until(() => queue.ready(), 'the producer has a new connection');
      await Promise.all(queue.addBulk([job('start-instance', 'after')]));
      await until(() => ran.includes('after'), 'the worker has a new connection');
      await Promise.all([notifier.close(), other.close()]);
    });
  },
);
