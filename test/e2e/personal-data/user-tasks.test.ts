import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../../support/children.ts';
import { startServiceProcess } from '../../support/commands.ts';
import { engineKinds } from '../../support/engines.ts';
import { ADA, bytesOf, newFolder, personal, rowsBesideEngine, run } from '../../support/erasure.ts';
import { startOtlpReceiver } from '../../support/otlp-receiver.ts';
import { foundIn, PERSON } from '../../support/personal.ts';
import { copyProcesses } from '../../support/process-folders.ts';
import { listenToRedis } from '../../support/redis-listener.ts';
import { serverUrl } from '../../support/servers.ts';
import { startTestService, untilRelayed } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';
import { TASK_PROCESSES } from '../../support/task-rig.ts';
import { openTask } from '../../support/task-service.ts';

const redisUrl = await serverUrl('redis');
const COMMENT = PERSON.refusal;
const APPROVED = {
  approved: true,
  comment: COMMENT,
  contact: { email: PERSON.email, since: 2026 },
};
const ALL = [PERSON.email, PERSON.fullName, PERSON.refusal];

describe.each(await engineKinds())('the personal data of a user task on $name', (kind) => {
  it.skipIf(!kind.available)(
    'is encrypted as that of a step, and gone after an erasure',
    async () => {
      const folder = newFolder();
      const copies = copyProcesses(folder.path, ['decided'], TASK_PROCESSES);
      const key = copies.key('decided');
      const engine = kind.isDirect ? null : await kind.open();
      if (engine) onTestFinished(() => copies.removeFrom(engine.url));
      const receiver = await startOtlpReceiver();
      onTestFinished(receiver.stop);
      const settings = personal({
        PROCESSES_DIR: copies.directory,
        LOG_LEVEL: 'trace',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_BSP_SCHEDULE_DELAY: '20',
        ...(engine ? { CAMUNDA_BASE_URL: engine.url } : {}),
        ...(redisUrl ? { REDIS_URL: redisUrl, REDIS_PREFIX: `personal-${randomUUID()}` } : {}),
      });
      const quiet = { ...settings, LOG_LEVEL: 'error' };
      const redisTraffic = redisUrl
        ? await listenToRedis(redisUrl, settings.REDIS_PREFIX ?? '')
        : undefined;
      onTestFinished(() => redisTraffic?.close());
      const service = await startServiceProcess(folder, settings);
      onTestFinished(() => service.kill('SIGKILL'));
      const { api } = service;
      const complete = (id: string, variables: object) =>
        api.post(`/api/tasks/${id}/complete`, { json: { variables } });

      const [approved = '', refused = ''] = [`approved-${key}`, `refused-${key}`];
      const id = await openTask(service, approved, key, ADA);
      const other = await openTask(service, refused, key, ADA);
      await api.post(`/api/tasks/${id}/claim`, { json: { user: 'kim' } });
      const asked = await api.get(`/api/tasks?assignee=${encodeURIComponent(PERSON.email)}`);
      expect(asked.status).toBe(200);
      // What the model makes of the data is shown to the callers that may read the process.
      expect(foundIn((await api.get(`/api/tasks/${id}`)).text)).toEqual([PERSON.fullName]);
      expectProblem(
        await complete(id, { approved: COMMENT, comment: COMMENT }),
        'invalid-variables',
      );
      expect((await complete(id, APPROVED)).status).toBe(200);
      const { body } = await api.status(approved, { prefer: 'wait=25' });
      expect(body.result).toEqual({ message: `${COMMENT} Write to ${PERSON.email}.` });
      expect((await complete(id, APPROVED)).status, 'the same completion is still known').toBe(200);
      expectProblem(await complete(id, { ...APPROVED, comment: 'no' }), 'task-taken');
      // The engine's own words have the value that it could not compare.
      const stuck = await complete(other, { approved: false, comment: COMMENT });
      expectProblem(stuck, 'engine-refused');
      const trail = (await api.get(`/api/process/${approved}/events`)).text;
      expect(foundIn(trail), 'as of a step').toEqual(ALL);
      const failed = await api.status(refused);
      expect(failed.body.error).toMatchObject({ code: 'ENGINE_REFUSED' });
      const instanceOf = async (processId: string) =>
        (await api.status(processId)).body.processInstanceId;
      const instances = [await instanceOf(approved), await instanceOf(refused)];
      await untilRelayed(folder);
      service.kill('SIGTERM');
      await service.ended;

      expect(foundIn(service.output()), 'in the log').toEqual([]);
      expect(receiver.spans.length).toBeGreaterThan(10);
      expect(foundIn(receiver.sent()), 'in the traces').toEqual([]);
      expect(foundIn((await redisTraffic?.everything()) ?? ''), 'in Redis').toEqual([]);
      expect(foundIn(rowsBesideEngine(folder)), 'in the tables').toEqual([]);
      expect(rowsBesideEngine(folder), 'what is not personal').toContain('since');

      const erased = await run(folder, ['erase', approved, refused], quiet);
      expect(erased).toMatchObject({ code: 0, err: '' });
      expect(foundIn(bytesOf(folder)), 'in the file, in what is free in it, in its log').toEqual(
        [],
      );
      for (const instance of engine ? instances : []) {
        for (const of of ['task', 'variable-instance', 'process-instance']) {
          const rest = await fetch(`${engine?.url}/history/${of}?processInstanceId=${instance}`);
          expect(await rest.json(), `${of}s in the history`).toEqual([]);
        }
      }
      const again = await startTestService(settings, folder);
      onTestFinished(again.stop);
      for (const path of [`process/${approved}/events`, `process/${refused}/events`, 'tasks']) {
        const { status, text } = await again.api.get(`/api/${path}`);
        expect([status, foundIn(text)]).toEqual([200, []]);
      }
      const late = { json: { variables: APPROVED } };
      expectProblem(await again.api.post(`/api/tasks/${id}/complete`, late), 'task-taken');
      await until(async () => (await run(folder, ['verify'], quiet)).code === 0, 'hashes hold');
    },
  );
});
