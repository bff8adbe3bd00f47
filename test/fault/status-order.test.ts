import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRedis, untilReady } from '../../infrastructure/redis/connection.ts';
import { type ServiceProcess, startServiceProcess } from '../support/commands.ts';
import { stateOf } from '../support/events.ts';
import { type RunningRedis, startRedis } from '../support/redis.ts';
import { serverUrl } from '../support/servers.ts';
import { createFolder, type Folder } from '../support/service.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const ASYNC = { prefer: 'respond-async' };
const engineUrl = await serverUrl('operaton');

describe.skipIf((await serverUrl('redis')) === null || engineUrl === null)(
  'two instances on one database, each behind its own proxy to Redis',
  () => {
    let folder: Folder;
    let redis: RunningRedis;
    const proxies: TcpProxy[] = [];
    const instances: ServiceProcess[] = [];
    const at = (index: number): ServiceProcess => {
      const found = instances[index];
      if (!found) throw new Error(`no instance ${index}`);
      return found;
    };
    const proxy = (index: number): TcpProxy => {
      const found = proxies[index];
      if (!found) throw new Error(`no proxy ${index}`);
      return found;
    };

    /** Starts an instance with the role `api` only: it publishes states at the commit or not at all. */
    async function startInstance(): Promise<ServiceProcess> {
      const own = await startTcpProxy({ port: redis.port });
      proxies.push(own);
      const instance = await startServiceProcess(folder, {
        ROLES: 'api',
        REDIS_URL: `redis://127.0.0.1:${own.port}`,
        CAMUNDA_BASE_URL: engineUrl ?? '',
      });
      instances.push(instance);
      return instance;
    }

    beforeAll(async () => {
      folder = createFolder();
      redis = await startRedis();
      await startInstance();
      await startInstance();
    });
    afterAll(async () => {
      for (const instance of instances) instance.kill('SIGKILL');
      await Promise.all(instances.map(({ ended }) => ended));
      for (const one of proxies) await one.stop();
      if (redis) process.kill(redis.pid, 'SIGCONT');
      await redis?.stop();
      folder?.remove();
    });

    async function admin(...command: [string, ...string[]]): Promise<unknown> {
      const connection = openRedis(redis.url, 'caller', () => {});
      await untilReady(connection, 5_000);
      const answer = await connection.call(...command);
      connection.disconnect();
      return answer;
    }

    it.each([
      ['the first instance has no Redis', () => proxy(0).cut(), () => proxy(0).heal()],
      ['the first instance loses packets', () => proxy(0).swallow(), () => proxy(0).heal()],
      ['the second instance has no Redis', () => proxy(1).cut(), () => proxy(1).heal()],
      ['the second instance loses packets', () => proxy(1).swallow(), () => proxy(1).heal()],
      [
        'Redis is stopped by a signal',
        () => process.kill(redis.pid, 'SIGSTOP'),
        () => process.kill(redis.pid, 'SIGCONT'),
      ],
      ['nothing is wrong', () => {}, () => {}],
    ])(
      'G7: no status is older than an earlier one of either instance when %s',
      async (what, begin, end) => {
        const id = what.replaceAll(' ', '-');
        const started = await at(0).api.start(
          'gated',
          { gate: 'no' },
          { correlationId: id },
          ASYNC,
        );
        expect(started.status).toBe(202);
        expect((await at(0).api.status(id)).body).toMatchObject({ status: 'pending', version: 1 });
        await begin();
        try {
          const joined = at(0).api.start(
            'gated',
            { gate: 'no' },
            { correlationId: id },
            { prefer: 'wait=1' },
          );
          const waiting = at(0).api.status(id, { prefer: 'wait=1' });
          const json = { correlationId: id, status: 'ok', result: { done: true } };
          expect((await at(1).api.post('/api/process/complete', { json })).status).toBe(200);
          const versions: number[] = [];
          for (const instance of [at(1), at(0), at(1), at(0)]) {
            const { headers, body } = await instance.api.status(id);
            expect(body).toMatchObject({ status: 'ok', version: 2 });
            expect(headers.get('etag')).toBe('"2"');
            versions.push(body.version);
          }
          const known = { headers: { 'if-none-match': '"2"' } };
          const again = await at(0).api.get(`/api/process/status/${id}`, known);
          expect(again.status).toBe(304);
          // A waiting caller is answered when its wait times out at the latest.
          expect((await waiting).body).toMatchObject({ status: 'ok', version: 2 });
          expect((await joined).body).toMatchObject({ status: 'ok', result: { done: true } });
        } finally {
          await end();
        }
      },
    );

    it('G7: a late older state does not change the status on an instance without the process in memory', async () => {
      const id = 'late-state';
      await at(0).api.start('gated', { gate: 'no' }, { correlationId: id }, ASYNC);
      const end = { correlationId: id, status: 'ok', result: { done: true } };
      await at(1).api.post('/api/process/complete', { json: end });
      // This instance has never had the process in its process map.
      const fresh = await startInstance();
      const late = JSON.stringify({ ...stateOf(id, 1), processName: 'gated' });
      const receivers = await admin('PUBLISH', 'fastify-camunda:states', late);
      expect(Number(receivers)).toBeGreaterThanOrEqual(1);
      for (const instance of [fresh, at(1), fresh, at(0), fresh]) {
        expect((await instance.api.status(id)).body).toMatchObject({ status: 'ok', version: 2 });
      }
    });
  },
);
