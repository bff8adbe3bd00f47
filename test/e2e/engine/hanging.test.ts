import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { engineApi, engineKinds, type TestEngine } from '../../support/engines.ts';
import { ownProcess } from '../../support/process-folders.ts';
import {
  createFolder,
  startTestService,
  TEST_PROCESSES,
  type TestService,
} from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';
import { type EngineBehindProxy, startEngineBehindProxy } from '../../support/service-engine.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';

/** Far above ENGINE_CALL_TIMEOUT_MS of these tests, far below what a job gives the engine. */
const AT_ONCE_MS = 10_000;

async function timed<T>(call: Promise<T>): Promise<T> {
  const began = performance.now();
  const answer = await call;
  expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
  return answer;
}

describe.each(await engineKinds())(
  'callers of a service whose engine is $name',
  ({ available, open }) => {
    describe.skipIf(!available)('when that hangs', () => {
      const key = `listening-${randomUUID().slice(0, 8)}`;
      const processes = ownProcess(TEST_PROCESSES, 'listening', key);
      let engine: TestEngine;
      let proxy: TcpProxy;
      let service: TestService;
      beforeAll(async () => {
        engine = await open();
        const url = new URL(engine.url);
        proxy = await startTcpProxy({ port: Number(url.port) });
        url.port = String(proxy.port);
        service = await startTestService({
          PROCESSES_DIR: processes.path,
          CAMUNDA_BASE_URL: url.href,
          ENGINE_CALL_TIMEOUT_MS: '500',
          // The engine may give the task to the long poll that was cut, whose lock has to run out first.
          LOCK_DURATION_MS: '2000',
        });
      });
      afterAll(async () => {
        await proxy?.heal();
        await service?.stop();
        service?.folder.remove();
        await proxy?.stop();
        await engineApi(engine.url).removeProcess(key);
        await engine?.stop();
        processes.remove();
      });
      const send = (correlationId: string) =>
        service.api.post(`/api/process/${correlationId}/message`, {
          json: { messageName: 'go-on', variables: { word: 'please' } },
        });
      async function startOne(): Promise<string> {
        const correlationId = randomUUID();
        await service.api.start(key, {}, { correlationId }, { prefer: 'respond-async' });
        await until(
          async () => (await service.api.status(correlationId)).body.processInstanceId,
          'the instance runs',
        );
        return correlationId;
      }

      it.each(['hang', 'cut'] as const)(
        'get a 503 soon that says that nothing happened (%s), and the message is taken later',
        async (how) => {
          const correlationId = await startOne();
          await proxy[how]();
          const answer = await timed(send(correlationId));
          expect(answer.status).toBe(503);
          expectProblem(answer, 'unavailable', /nothing happened/);
          expect(answer.headers.get('retry-after')).toBe('5');
          await proxy.heal();
          await until(
            async () => (await send(correlationId)).status === 204,
            'the message is taken',
          );
          const { body } = await service.api.status(correlationId, { prefer: 'wait=15' });
          expect(body.result).toEqual({ word: 'please' });
        },
      );

      it('cancel at once, and the instance is deleted when the engine answers again', async () => {
        const correlationId = await startOne();
        const { processInstanceId } = (await service.api.status(correlationId)).body;
        proxy.hang();
        const answer = await timed(service.api.post(`/api/process/${correlationId}/cancel`));
        expect(answer.status).toBe(200);
        await timed(service.api.get('/health/ready'));
        await proxy.heal();
        await until(async () => {
          const state = await engineApi(engine.url).state(String(processInstanceId));
          return state.includes('TERMINATED');
        }, 'the instance is deleted');
      });
    });
  },
);

describe('a message that the engine takes and does not answer', () => {
  let engine: EngineBehindProxy;
  let service: TestService;
  beforeAll(async () => {
    const folder = createFolder();
    engine = await startEngineBehindProxy(`${folder.path}/engine.db`);
    service = await startTestService(
      // Long enough for the calls before the one that is not answered, on a slow machine, too.
      { CAMUNDA_BASE_URL: engine.url, ENGINE_CALL_TIMEOUT_MS: '4000' },
      folder,
    );
  });
  afterAll(async () => {
    await service?.stop();
    await engine?.stop();
    service?.folder.remove();
  });

  it('is answered 503 soon, which says that it may have been delivered', async () => {
    const correlationId = randomUUID();
    await service.api.start('listening', {}, { correlationId }, { prefer: 'respond-async' });
    await until(
      async () => (await service.api.status(correlationId)).body.processInstanceId,
      'the instance runs',
    );
    engine.swallow(/\/trigger$/);
    const json = { messageName: 'go-on', variables: { word: 'please' } };
    const path = `/api/process/${correlationId}/message`;
    const answer = await timed(service.api.post(path, { json }));
    expect(answer.status).toBe(503);
    expectProblem(answer, 'unavailable', /may have taken effect/);
    expect(answer.headers.get('retry-after')).toBe('5');
    engine.swallow(null);
    expect((await service.api.post(path, { json })).status).toBe(204);
  });
});
