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
  'two instances on one database, each with its own way to Redis',
  () => {
    let folder: Folder;
    let redis: RunningRedis;
    const ways: TcpProxy[] = [];
    const instances: ServiceProcess[] = [];
    const at = (index: number): ServiceProcess => {
      const found = instances[index];
      if (!found) throw new Error(`no instance ${index}`);
      return found;
    };
    const way = (index: number): TcpProxy => {
      const found = ways[index];
      if (!found) throw new Error(`no way ${index}`);
      return found;
    };

    /** Only callers: what comes to pass is told at the commit or not at all. */
    async function startInstance(): Promise<ServiceProcess> {
      const proxy = await startTcpProxy({ port: redis.port });
      ways.push(proxy);
      const instance = await startServiceProcess(folder, {
        ROLES: 'api',
        REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
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
      for (const proxy of ways) await proxy.stop();
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
      ['the way of the one asked is cut', () => way(0).cut(), () => way(0).heal()],
      ['the way of the one asked loses all', () => way(0).swallow(), () => way(0).heal()],
      ['the way of the one that ends it is cut', () => way(1).cut(), () => way(1).heal()],
      ['the way of the one that ends it loses all', () => way(1).swallow(), () => way(1).heal()],
      [
        'Redis stands still',
        () => process.kill(redis.pid, 'SIGSTOP'),
        () => process.kill(redis.pid, 'SIGCONT'),
      ],
      ['nothing is wrong', () => {}, () => {}],
    ])(
      'G7: no status says less than an earlier one of either when %s',
      async (what, harm, mend) => {
        const id = what.replaceAll(' ', '-');
        const started = await at(0).api.start(
          'gated',
          { gate: 'no' },
          { correlationId: id },
          ASYNC,
        );
        expect(started.status).toBe(202);
        expect((await at(0).api.status(id)).body).toMatchObject({ status: 'pending', version: 1 });
        await harm();
        try {
          const joined = at(0).api.start(
            'gated',
            { gate: 'no' },
            { correlationId: id },
            { prefer: 'wait=1' },
          );
          const waiting = at(0).api.status(id, { prefer: 'wait=1' });
          const end = { correlationId: id, status: 'ok', result: { done: true } };
          expect((await at(1).api.post('/api/process/complete', { json: end })).status).toBe(200);
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
          // Who waits is told by his own time at the latest.
          expect((await waiting).body).toMatchObject({ status: 'ok', version: 2 });
          expect((await joined).body).toMatchObject({ status: 'ok', result: { done: true } });
        } finally {
          await mend();
        }
      },
    );

    it('G7: news that come late, to memory that has forgotten the end, are not believed', async () => {
      const id = 'told-late';
      await at(0).api.start('gated', { gate: 'no' }, { correlationId: id }, ASYNC);
      const end = { correlationId: id, status: 'ok', result: { done: true } };
      await at(1).api.post('/api/process/complete', { json: end });
      // It has never heard of the process.
      const fresh = await startInstance();
      const late = JSON.stringify({ ...stateOf(id, 1), processName: 'gated' });
      const heard = await admin('PUBLISH', 'fastify-camunda:states', late);
      expect(Number(heard)).toBeGreaterThanOrEqual(1);
      for (const instance of [fresh, at(1), fresh, at(0), fresh]) {
        expect((await instance.api.status(id)).body).toMatchObject({ status: 'ok', version: 2 });
      }
    });
  },
);
