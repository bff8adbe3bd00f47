import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Database } from '../../../infrastructure/sql/database.ts';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import { openMssqlDatabase } from '../../../infrastructure/sqlserver/database.ts';
import { archivedState, soon } from '../../support/archive-world.ts';
import { type CallbackReceiver, startReceiver } from '../../support/callback-receiver.ts';
import { BASE_SECRET } from '../../support/callback-world.ts';
import { until } from '../../support/children.ts';
import { engineApi } from '../../support/engines.ts';
import { createTestDatabase } from '../../support/mssql.ts';
import { copyProcesses, type ProcessCopies } from '../../support/process-folders.ts';
import { serverUrl } from '../../support/servers.ts';
import {
  createFolder,
  type Folder,
  startTestService,
  type TestService,
} from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';

const redisUrl = await serverUrl('redis');
const engineUrl = await serverUrl('operaton');
const mssqlUrl = inject('mssqlUrl');
const SLOW = 120_000;
const ASYNC = { prefer: 'respond-async' };
const PROCESSES = ['instant', 'gated', 'troubled', 'mendable'] as const;

interface Mix {
  name: string;
  available: boolean;
  /** Of its own, for the jobs of these tests only. */
  redisDb: number;
  /** The settings of the service's database, and that database from outside. */
  open(folder: Folder): Promise<{ settings: Record<string, string>; database: OpenDatabase }>;
}
type OpenDatabase = Database & { drop(): Promise<void> };

const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
const MIXES: readonly Mix[] = [
  {
    name: 'SQLite',
    available: true,
    redisDb: 13,
    async open(folder) {
      const database = await openSqliteDatabase({ ...options, file: folder.file });
      return { settings: {}, database: { ...database, drop: async () => {} } };
    },
  },
  {
    name: 'SQL Server',
    available: mssqlUrl !== null,
    redisDb: 14,
    async open() {
      const { url, knexConfig, drop } = await createTestDatabase(mssqlUrl ?? '');
      const database = await openMssqlDatabase({ ...options, url, knexConfig });
      return { settings: { DATABASE_URL: url }, database: { ...database, drop } };
    },
  },
];

describe.each(MIXES)('the service on $name, Redis and Operaton', { timeout: SLOW }, (mix) => {
  const isThere = mix.available && redisUrl !== null && engineUrl !== null;
  describe.skipIf(!isThere)('when they are available', () => {
    let folder: Folder;
    let redis: Redis;
    let copies: ProcessCopies;
    let database: OpenDatabase;
    let service: TestService;
    let receiver: CallbackReceiver;
    beforeAll(async () => {
      folder = createFolder();
      receiver = await startReceiver();
      const url = `${redisUrl}/${mix.redisDb}`;
      redis = new Redis(url);
      await redis.flushdb();
      copies = copyProcesses(folder.path, PROCESSES);
      const opened = await mix.open(folder);
      database = opened.database;
      const settings = {
        ...opened.settings,
        PROCESSES_DIR: copies.directory,
        REDIS_URL: url,
        CAMUNDA_BASE_URL: engineUrl ?? '',
        CALLBACK_PRIVATE_HOSTS: `http://${receiver.host}`,
        CALLBACK_SECRET: BASE_SECRET,
        RECONCILE_EVERY_MS: '500',
        RECONCILE_AFTER_MS: '2000',
        LOG_LEVEL: 'warn',
      };
      service = await startTestService(settings, folder);
    }, SLOW);
    afterAll(async () => {
      await service?.stop();
      await receiver?.close();
      if (engineUrl !== null) await copies?.removeFrom(engineUrl);
      await redis?.flushdb();
      redis?.disconnect();
      await database?.close();
      await database?.drop();
      folder?.remove();
    }, SLOW);

    const user = (at: number) => ({ userId: `user-${at}`, email: `user-${at}@example.com` });

    it('G16: answers 200 with the result, and calls back', async () => {
      const callback = { url: receiver.url };
      const { status, body } = await service.api.start(copies.key('instant'), user(1), {
        callback,
      });
      expect(status).toBe(200);
      expect(body.result).toEqual(user(1));
      await until(() => receiver.received.length === 1, 'it is called back');
      expect(receiver.received[0]?.data).toMatchObject({ status: 'ok', result: user(1) });
    });

    it('answers 422 for a refusal and 502 for a failure', async () => {
      const refused = await service.api.start(copies.key('troubled'), { how: 'business' });
      expect(refused.status).toBe(422);
      expectProblem(refused, 'process-refused', /The rules do not allow this/);
      const failed = await service.api.start(copies.key('troubled'), { how: 'technical' });
      expect(failed.status).toBe(502);
      expectProblem(failed, 'process-failed', /the partner cannot be reached/);
    });

    it('answers 202 with respond-async, and the long poll when the process ends', async () => {
      const variables = { gate: 'mix' };
      const { status, body } = await service.api.start(copies.key('gated'), variables, {}, ASYNC);
      expect(status).toBe(202);
      const poll = service.api.status(body.correlationId, { prefer: 'wait=20' });
      folder.open('mix');
      expect((await poll).body).toMatchObject({ status: 'ok', result: { gate: 'mix' } });
    });

    it('answers 50 simultaneous starts, none with the result of another', async () => {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, at) => service.api.start(copies.key('instant'), user(at))),
      );
      for (const [at, { status, body }] of answers.entries()) {
        // On a slow machine some take longer than a caller is kept waiting.
        const ended = status === 202 ? await untilEnded(body.correlationId) : body;
        expect(ended.result).toEqual(user(at));
      }
    });

    const untilEnded = (id: string) =>
      until(
        async () => {
          const { status, body } = await service.api.status(id, { prefer: 'wait=20' });
          return status === 200 && body;
        },
        `${id} has ended`,
        SLOW / 2,
      );

    it('resumes with a retry where the process failed', async () => {
      const correlationId = randomUUID();
      const file = `mended-${correlationId}`;
      const failed = await service.api.start(copies.key('mendable'), { file }, { correlationId });
      expect(failed.status).toBe(502);
      const before = await service.api.status(correlationId);
      folder.open(file);
      const answer = await service.api.post(`/api/process/${correlationId}/retry`, {});
      expect(answer.body).toEqual({ status: 'ok', correlationId, result: { file } });
      const after = await service.api.status(correlationId);
      expect(after.body.processInstanceId).toBe(before.body.processInstanceId);
      const { body } = await service.api.get(`/api/process/${correlationId}/events`);
      const types = body.events.map(({ type }) => type);
      expect(types.filter((type) => type === 'process-retried')).toHaveLength(1);
      expect(types.at(-1)).toBe('process-completed');
    });

    it('G11: ends a process whose instance was deleted in the engine', async () => {
      const variables = { gate: `never-${randomUUID()}` };
      const { body } = await service.api.start(copies.key('gated'), variables, {}, ASYNC);
      const { correlationId } = body;
      const running = await until(
        async () => {
          const { body: now } = await service.api.status(correlationId);
          return now.processInstanceId || now.status !== 'pending' ? now : null;
        },
        'its instance runs',
        SLOW / 2,
      );
      expect(running).toMatchObject({ status: 'pending' });
      const instanceId = running.processInstanceId ?? '';
      await fetch(`${engineUrl}/process-instance/${instanceId}`, { method: 'DELETE' });
      const ended = await untilEnded(correlationId);
      expect(ended).toMatchObject({ status: 'error', error: { code: 'INSTANCE_DELETED' } });
      folder.open(variables.gate);
      expect(await engineApi(engineUrl ?? '').incidents(instanceId)).toEqual([]);
    });

    it('G7: answers from the archive for a process that was moved there', async () => {
      const correlationId = randomUUID();
      const first = await service.api.start(copies.key('instant'), user(7), { correlationId });
      await untilEnded(correlationId);
      await until(async () => {
        await database.archive.moveBatch({ endedBefore: soon(), limit: 100 });
        return (await archivedState(database, correlationId)) !== null;
      }, 'it is archived');
      // A service instance soon drops an ended process from memory.
      const { body } = await until(async () => {
        const answer = await service.api.status(correlationId);
        return (answer.body as { archived?: boolean }).archived === true && answer;
      }, 'the archive is asked');
      expect(body).toMatchObject({ status: 'ok', result: user(7) });
      const trail = await service.api.get(`/api/process/${correlationId}/events`);
      expect(trail.body).toMatchObject({ archived: true });
      expect(trail.body.events.at(-1)?.type).toBe('process-completed');
      const again = await service.api.start(copies.key('instant'), user(7), { correlationId });
      expect(again.status).toBe(200);
      expect(again.body.result).toEqual(first.body.result ?? user(7));
      const retry = await service.api.post(`/api/process/${correlationId}/retry`, {});
      expect(retry.status).toBe(409);
    });

    it('is ready', async () => {
      const { status, body } = await service.api.get('/health/ready');
      expect(status).toBe(200);
      expect(body.checks).toEqual({ database: 'ok', queue: 'ok', engine: 'ok' });
    });
  });
});
