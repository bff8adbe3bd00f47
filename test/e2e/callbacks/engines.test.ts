import BetterSqlite3 from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyCallback } from '../../../src/client/index.ts';
import { type CallbackReceiver, startReceiver } from '../../support/callback-receiver.ts';
import { BASE_SECRET } from '../../support/callback-world.ts';
import { until } from '../../support/children.ts';
import { engineApi, engineKinds, type TestEngine } from '../../support/engines.ts';
import { copyProcesses, type ProcessCopies } from '../../support/process-folders.ts';
import { bullmqQueues, job, policies } from '../../support/queues.ts';
import { serverUrl } from '../../support/servers.ts';
import {
  createFolder,
  type Folder,
  queryValue,
  startTestService,
  type TestService,
} from '../../support/service.ts';

const redisUrl = await serverUrl('redis');
const PROCESSES = ['troubled', 'gated'];

describe.each(await engineKinds())('callbacks on $name, with Redis,', ({ available, open }) => {
  describe.skipIf(!available || redisUrl === null)('when both are available', () => {
    let folder: Folder;
    let engine: TestEngine;
    let copies: ProcessCopies;
    let receiver: CallbackReceiver;
    let queues: ReturnType<typeof bullmqQueues>;
    let settings: Record<string, string>;
    let service: TestService;
    beforeAll(async () => {
      folder = createFolder();
      engine = await open();
      copies = copyProcesses(folder.path, PROCESSES);
      receiver = await startReceiver();
      queues = bullmqQueues(redisUrl ?? '');
      settings = {
        PROCESSES_DIR: copies.directory,
        CAMUNDA_BASE_URL: engine.url,
        REDIS_URL: redisUrl ?? '',
        REDIS_PREFIX: queues.prefix,
        CALLBACK_PRIVATE_HOSTS: `http://${receiver.host}`,
        CALLBACK_SECRET: BASE_SECRET,
        // Its step waits for a gate.
        SHUTDOWN_TIMEOUT_MS: '500',
      };
      service = await startTestService(settings, folder);
    });
    afterAll(async () => {
      await service?.stop();
      for (const key of PROCESSES) {
        if (copies) await engineApi(engine.url).removeProcess(copies.key(key));
      }
      await engine?.stop();
      await queues?.destroy();
      await receiver?.close();
      folder?.remove();
    });

    it('G16: failures arrive in the order of the stream, and the client verifies them', async () => {
      const { api } = service;
      const callback = { url: receiver.url, events: ['step-failed', 'process-failed'] };
      const correlationId = 'fails';
      const variables = { how: 'technical' };
      const key = copies.key('troubled');
      expect((await api.start(key, variables, { correlationId, callback })).status).toBe(502);
      await until(() => receiver.received.length === 2, 'both failures have arrived');
      const path = `/api/admin/subscriptions/callback:${receiver.host}/secrets`;
      const { secrets } = (await api.get(path)).body as unknown as {
        secrets: { secret: string }[];
      };
      const secret = secrets[0]?.secret ?? '';
      const bodies = await Promise.all(
        receiver.received.map(({ body, headers }) => verifyCallback(body, headers, secret)),
      );
      expect(bodies).toMatchObject([
        { type: 'step-failed', data: { correlationId, processKey: key } },
        { type: 'process-failed', data: { correlationId, processKey: key, status: 'error' } },
      ]);
      const [one] = receiver.received;
      const changed = String(one?.body).replace('fails', 'false');
      await expect(verifyCallback(changed, one?.headers ?? {}, secret)).rejects.toThrow('none of');
    });

    it('G16: a subscription is told of a process that became slow and of a job that failed, once', async () => {
      const { api } = service;
      const other = `${receiver.url}/other`;
      const subscribe = async (url: string): Promise<void> => {
        const json = { url, events: ['process-slow', 'job-failed'] };
        expect((await service.api.post('/api/admin/subscriptions', { json })).status).toBe(201);
      };
      await subscribe(receiver.url);
      const correlationId = 'slow';
      const key = copies.key('gated');
      await api.start(key, { gate: 'later' }, { correlationId }, { prefer: 'respond-async' });
      const instance =
        "SELECT process_instance_id FROM process_store WHERE correlation_id = 'slow'";
      await until(() => queryValue(folder, instance) !== null, 'its instance is known');
      await service.stop();
      // It has run for two days, and another instance gave a job up.
      const database = new BetterSqlite3(folder.file);
      const startedAt = new Date(Date.now() - 2 * 86_400_000).toISOString();
      database
        .prepare("UPDATE process_store SET started_at = ? WHERE correlation_id = 'slow'")
        .run(startedAt);
      database.close();
      const queue = await queues.open({
        policies: policies({ attempts: 1, backoff: 1, maxBackoff: 1 }),
      });
      await queue.work({
        'project-process': async () => {
          throw new TypeError('a defect');
        },
      });
      queue.addBulk([job('project-process', 'lost', '1')]);
      await until(async () => (await queue.deadLetters.list({}, 9)).length === 1, 'given up');
      await queue.close(5_000);

      receiver.received.length = 0;
      const arrivedAt = (url: string) => receiver.received.filter((one) => one.url === url);
      // They are looked for at the start.
      service = await startTestService(settings, folder);
      await until(() => arrivedAt(receiver.url).length === 2, 'both notices have arrived');
      // A later subscription shows that they were looked for again.
      await subscribe(other);
      await service.stop();
      service = await startTestService(settings, folder);
      await until(() => arrivedAt(other).length === 2, 'both have arrived at the other one');
      folder.open('later');
      expect((await service.api.status(correlationId, { prefer: 'wait=25' })).status).toBe(200);
      const notices = arrivedAt(receiver.url).map(({ type, data }) => [type, data]);
      expect(notices.sort()).toMatchObject([
        ['job-failed', { correlationId: 'lost', job: 'project-process', attempts: 1 }],
        ['process-slow', { correlationId, processKey: key, status: 'pending' }],
      ]);
    });
  });
});
