import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { engineApi, engineKinds, type TestEngine } from '../../support/engines.ts';
import { copyProcesses, type ProcessCopies } from '../../support/process-folders.ts';
import {
  createFolder,
  type Folder,
  startTestService,
  type TestService,
} from '../../support/service.ts';
import { type Answer, expectProblem } from '../../support/service-api.ts';
import { recordedRuns } from '../../support/service-recorder.ts';
import { followEvents } from '../../support/sse.ts';

const ASYNC = { prefer: 'respond-async' };

describe.each(await engineKinds())('a retry on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let folder: Folder;
    let engine: TestEngine;
    let copies: ProcessCopies;
    let service: TestService;
    beforeAll(async () => {
      folder = createFolder();
      engine = await open();
      copies = copyProcesses(folder.path, ['mendable', 'troubled', 'gated']);
      const settings = { PROCESSES_DIR: copies.directory, CAMUNDA_BASE_URL: engine.url };
      service = await startTestService(settings, folder);
    });
    afterAll(async () => {
      await service?.stop();
      for (const key of ['mendable', 'troubled', 'gated']) {
        if (copies) await engineApi(engine.url).removeProcess(copies.key(key));
      }
      await engine?.stop();
      folder?.remove();
    });

    const retry = (id: string, headers: Record<string, string> = {}): Promise<Answer> =>
      service.api.post(`/api/process/${id}/retry`, { headers });
    const runs = (id: string, step: string) =>
      recordedRuns(folder.path).filter((run) => run.correlationId === id && run.step === step);
    const types = async (id: string): Promise<string[]> =>
      (await service.api.get(`/api/process/${id}/events`)).body.events.map(({ type }) => type);

    /** Starts a process and lets its second step fail finally, and waits until the engine knows, too. */
    async function fail(): Promise<{ id: string; file: string; instanceId: string }> {
      const id = randomUUID();
      const file = `mended-${id}`;
      const answer = await service.api.start(
        copies.key('mendable'),
        { file },
        { correlationId: id },
      );
      expect(answer.status).toBe(502);
      const instanceId = (await service.api.status(id)).body.processInstanceId ?? '';
      return { id, file, instanceId };
    }
    const untilIncident = (instanceId: string) =>
      until(
        async () => (await engineApi(engine.url).incidents(instanceId)).length > 0,
        'the engine has the incident',
      );

    it('resumes at the failed step and answers with the result; no step before it runs again', async () => {
      const { id, file, instanceId } = await fail();
      await untilIncident(instanceId);
      folder.open(file);
      const answer = await retry(id);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({ status: 'ok', correlationId: id, result: { file } });
      expect(runs(id, 'prepare')).toHaveLength(1);
      expect(runs(id, 'work').map(({ task }) => task)).toEqual(
        Array(3).fill(runs(id, 'work')[0]?.task),
      );
      expect((await types(id)).slice(-5)).toEqual([
        'process-failed',
        'process-retried',
        'step-completed',
        'step-completed',
        'process-completed',
      ]);
      expect((await service.api.status(id)).body).toMatchObject({
        status: 'ok',
        processInstanceId: instanceId,
      });
    });

    it('gives the step all its attempts again, and fails again when they run out', async () => {
      const { id, instanceId } = await fail();
      await untilIncident(instanceId);
      const answer = await retry(id);
      expect(answer.status).toBe(502);
      expectProblem(answer, 'process-failed', /the partner is away/);
      expect(runs(id, 'work')).toHaveLength(4);
      expect((await types(id)).filter((type) => type === 'process-failed')).toHaveLength(2);
    });

    it('works although it is asked for before the failure has reached the engine', async () => {
      for (let time = 0; time < 5; time++) {
        const { id, file } = await fail();
        folder.open(file);
        expect((await retry(id)).status).toBe(200);
      }
    });

    it('answers 202 with respond-async; status and a followed stream show it pending, then its end', async () => {
      const { id, file } = await fail();
      const failed = await service.api.status(id);
      folder.open(file);
      const answer = await retry(id, ASYNC);
      expect(answer.status).toBe(202);
      expect(answer.headers.get('preference-applied')).toBe('respond-async');
      const url = `${service.url}/api/process/${id}/events`;
      const stream = await followEvents(url, failed.body.version);
      expect(stream.status).toBe(200);
      await stream.ended;
      expect(stream.events[0]?.type).toBe('process-retried');
      expect(stream.events.at(-1)?.type).toBe('process-completed');
      const etag = failed.headers.get('etag') ?? '';
      const now = await service.api.status(id, { 'if-none-match': etag, prefer: 'wait=20' });
      expect(now.status).toBe(200);
      expect(now.body).toMatchObject({ status: 'ok', result: { file } });
      expect(now.body.error).toBeUndefined();
    });

    it('is taken once of two at the same moment; the other learns that the process is pending', async () => {
      const { id, file } = await fail();
      folder.open(file);
      const answers = await Promise.all([retry(id, ASYNC), retry(id, ASYNC)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
      await service.api.status(id, { prefer: 'wait=20' });
      expect((await types(id)).filter((type) => type === 'process-retried')).toHaveLength(1);
    });

    it('starts a new instance with the same request when the old one was deleted in the engine', async () => {
      const { id, file, instanceId } = await fail();
      await untilIncident(instanceId);
      await fetch(`${engine.url}/process-instance/${instanceId}`, { method: 'DELETE' });
      folder.open(file);
      const answer = await retry(id);
      expect(answer.status).toBe(200);
      expect(answer.body.result).toEqual({ file });
      const [first, second] = runs(id, 'prepare');
      expect(second?.task).not.toBe(first?.task);
      const { body } = await service.api.status(id);
      expect(body.processInstanceId).not.toBe(instanceId);
      expect((await types(id)).filter((type) => type === 'process-started')).toHaveLength(2);
    });

    it('is refused, with the reason, for a process that is pending, well, refused, cancelled or unknown', async () => {
      const gate = `gate-${randomUUID()}`;
      const pending = await service.api.start(copies.key('gated'), { gate }, {}, ASYNC);
      const { correlationId } = pending.body;
      expectProblem(await retry(correlationId), 'not-retryable', /it is pending/);
      folder.open(gate);
      await service.api.status(correlationId, { prefer: 'wait=20' });
      const well = await retry(correlationId);
      expect(well.status).toBe(409);
      expectProblem(well, 'not-retryable', /completed; there is nothing to retry/);

      const refused = await service.api.start(copies.key('troubled'), { how: 'business' });
      expectProblem(
        await retry(refused.body.correlationId),
        'not-retryable',
        /a business error, which a retry would not change/,
      );

      const closed = { gate: `never-${randomUUID()}` };
      const held = await service.api.start(copies.key('gated'), closed, {}, ASYNC);
      await service.api.post(`/api/process/${held.body.correlationId}/cancel`);
      expectProblem(await retry(held.body.correlationId), 'not-retryable', /was cancelled/);
      folder.open(closed.gate);

      const nobody = await retry('nobody');
      expect(nobody.status).toBe(404);
      expectProblem(nobody, 'not-found', /"nobody"/);
    });
  });
});
