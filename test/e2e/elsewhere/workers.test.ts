import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { type ElsewhereRig, openElsewhereRig } from '../../support/elsewhere-rig.ts';
import { engineKinds } from '../../support/engines.ts';
import type { Answer } from '../../support/service-api.ts';

const PRICE = { price: { value: 7.75, type: 'Double' } };

/** An error as Camunda's clients read it. */
function expectError({ status, headers, text }: Answer, wanted: number, message: RegExp): void {
  expect([status, headers.get('content-type')]).toEqual([wanted, 'application/json']);
  const body = JSON.parse(text) as { type: string; message: string; code: null };
  expect(Object.keys(body)).toEqual(['type', 'message', 'code']);
  expect(body.message).toMatch(message);
}

describe.each(await engineKinds())('a step that is done elsewhere, on $name,', (kind) => {
  describe.skipIf(!kind.available)('by its worker', () => {
    let rig: ElsewhereRig;
    beforeAll(async () => {
      rig = await openElsewhereRig(kind);
    });
    afterAll(() => rig?.close());

    it('gets the input of the step and nothing else, and is journaled with its caller', async () => {
      const correlationId = await rig.begin({ weight: 2.5, secret: 's3cret' });
      const task = await rig.fetchTask();
      expect(task).toMatchObject({
        topicName: rig.topic,
        workerId: 'w-1',
        businessKey: correlationId,
        variables: {
          weight: { type: 'Double', value: 2.5 },
          secret: { type: 'String', value: 's3cret' },
          correlationId: { type: 'String', value: correlationId },
        },
      });
      expect(Object.keys(task.variables)).toHaveLength(3);
      expect((await rig.find(task.id)).text).toContain('"workerId":"w-1"');
      const sent = { ...PRICE, correlationId: { value: 'other' }, more: { value: 1 } };
      expect((await rig.complete(task.id, sent)).status).toBe(204);
      expect(await rig.ended(correlationId)).toMatchObject({
        status: 'ok',
        result: { price: 7.75 },
      });
      expect(await rig.steps(correlationId)).toMatchObject([
        {
          type: 'step-completed',
          actor: 'worker',
          step: { name: 'find-tariff' },
          data: {
            attempt: 1,
            input: { weight: 2.5, secret: '[redacted]', correlationId },
            output: { price: 7.75 },
          },
          audit: {
            targetSystem: 'Tariffs',
            result: 'Tariff found',
            executionTime: expect.any(Number),
          },
        },
      ]);
      const [, concluded] = (await rig.events(correlationId)).filter(({ step }) => step);
      expect([concluded?.step?.name, concluded?.actor]).toEqual(['conclude', undefined]);
      expect(rig.service.log.some((line) => JSON.stringify(line).includes('s3cret'))).toBe(false);
    });

    it('gets the variables that its worker names, by their Java types', async () => {
      await rig.begin({ weight: 7 });
      const ofTopic = { variables: ['weight', 'about'] };
      const answer = await rig.askFor(rig.topic, { ofTopic, asyncResponseTimeout: 20_000 });
      expect(answer.headers.get('content-type')).toBe('application/json');
      const [{ id, variables }] = JSON.parse(answer.text);
      expect(variables).toEqual({ weight: { type: 'Integer', value: 7, valueInfo: {} } });
      expect((await rig.complete(id, PRICE)).status).toBe(204);
    });

    it('G2: is completed once, however often its worker says so', async () => {
      const correlationId = await rig.begin();
      const { id } = await rig.fetchTask();
      const answers = await Promise.all([1, 2, 3].map(() => rig.complete(id, PRICE)));
      expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
      await rig.ended(correlationId);
      const other = { price: { value: 1 } };
      expect((await rig.complete(id, other)).status).toBe(204);
      const failure = { workerId: 'w-1', errorMessage: 'late', retries: 0 };
      expect((await rig.post(`${id}/failure`, failure)).status).toBe(204);
      expect(await rig.steps(correlationId)).toMatchObject([{ data: { output: { price: 7.75 } } }]);
    });

    it('is not completed with variables that do not fit, and stays with its worker', async () => {
      const correlationId = await rig.begin();
      const { id } = await rig.fetchTask();
      const refused = [
        [{}, /variables\.price: .*Nothing was written, and the task stays locked/],
        [{ price: { value: 'seven' } }, /variables\.price: /],
        [{ price: { value: '{', type: 'Json' } }, /variables\.price: /],
        [{ price: { value: 7, type: 'Money' } }, /variables\.price: .*no values of type 'Money'/],
      ] as const;
      for (const [variables, message] of refused) {
        expectError(await rig.complete(id, variables), 400, message);
      }
      const java = { serializationDataFormat: 'application/x-java-serialized-object' };
      const object = { price: { value: 'rO0AB', type: 'Object', valueInfo: java } };
      expectError(await rig.complete(id, object), 400, /serialized by Java are not taken/);
      expect(await rig.steps(correlationId)).toEqual([]);
      const valid = { value: '2030-01-31T12:00:00.000+0000', type: 'Date' };
      expect((await rig.complete(id, { ...PRICE, valid })).status).toBe(204);
      const [done] = await rig.steps(correlationId);
      expect(done?.data.output).toEqual({ price: 7.75, valid: '2030-01-31T12:00:00.000Z' });
    });

    it('fails as its worker says, else as its retry policy says, and each attempt is journaled', async () => {
      const correlationId = await rig.begin();
      const first = await rig.fetchTask();
      const failure = { workerId: 'w-1', errorMessage: 'no answer', errorDetails: 'at Tariffs:1' };
      expect((await rig.post(`${first.id}/failure`, failure)).status).toBe(204);
      const again = await rig.fetchTask();
      expect([again.id, again.retries, again.errorDetails]).toEqual([first.id, 3, null]);
      const last = { ...failure, retries: 1, retryTimeout: 0 };
      expect((await rig.post(`${first.id}/failure`, last)).status).toBe(204);
      expect((await rig.fetchTask()).retries).toBe(1);
      expect((await rig.complete(first.id, PRICE)).status).toBe(204);
      expect(await rig.ended(correlationId)).toMatchObject({ status: 'ok' });
      const message = 'no answer\nat Tariffs:1';
      expect(await rig.steps(correlationId)).toMatchObject([
        { type: 'step-failed', actor: 'worker', data: { message, retriesLeft: 3, retryIn: 40 } },
        { type: 'step-failed', data: { attempt: 2, retriesLeft: 1, retryIn: 0 } },
        { type: 'step-completed', data: { attempt: 3 } },
      ]);
    });

    it('fails once when the same failure is sent twice before it is due again', async () => {
      const correlationId = await rig.begin();
      const { id } = await rig.fetchTask();
      const failure = { workerId: 'w-1', errorMessage: 'no', retries: 2, retryTimeout: 3_600_000 };
      for (const time of ['first', 'again']) {
        expect((await rig.post(`${id}/failure`, failure)).status, time).toBe(204);
      }
      expect(await rig.steps(correlationId)).toHaveLength(1);
    });

    it('fails the process when no attempt is left, and is done again after a retry', async () => {
      const correlationId = await rig.begin();
      const { id } = await rig.fetchTask();
      const failure = { workerId: 'w-1', errorMessage: 'it is broken', retries: 0 };
      expect((await rig.post(`${id}/failure`, failure)).status).toBe(204);
      expect(await rig.ended(correlationId)).toMatchObject({
        status: 'error',
        error: { kind: 'technical', code: 'STEP_FAILED', message: 'it is broken' },
      });
      expect((await rig.askFor(rig.topic)).text).toBe('[]');
      const retry = await rig.service.api.post(`/api/process/${correlationId}/retry`, {
        headers: { prefer: 'respond-async' },
      });
      expect(retry.status).toBe(202);
      expect((await rig.fetchTask()).id).toBe(id);
      expect((await rig.complete(id, PRICE)).status).toBe(204);
      expect(await rig.ended(correlationId)).toMatchObject({ status: 'ok' });
    });

    it('is refused by a BPMN error, which the model catches', async () => {
      const correlationId = await rig.begin({ weight: 31 });
      const { id } = await rig.fetchTask();
      const error = { workerId: 'w-1', errorCode: 'TOO_HEAVY', errorMessage: 'up to 30 kg' };
      expect((await rig.post(`${id}/bpmnError`, error)).status).toBe(204);
      expect(await rig.ended(correlationId)).toMatchObject({
        status: 'error',
        error: { kind: 'business', code: 'TOO_HEAVY', message: 'up to 30 kg' },
      });
      expect((await rig.post(`${id}/bpmnError`, error)).status).toBe(204);
      expect(await rig.steps(correlationId)).toMatchObject([
        { type: 'step-failed', actor: 'worker', data: { kind: 'business', code: 'TOO_HEAVY' } },
      ]);
    });

    it('fails without its worker when its input does not fit', async () => {
      const correlationId = await rig.begin({ weight: 'much' });
      await until(async () => {
        expect((await rig.askFor(rig.topic)).text).toBe('[]');
        return (await rig.steps(correlationId)).length > 0;
      }, 'the step has failed');
      expect(await rig.ended(correlationId)).toMatchObject({ error: { code: 'INVALID_INPUT' } });
    });

    it('ends its process, by its caller, when it is the final one', async () => {
      const topic = `${rig.key('label')}.print`;
      const correlationId = await rig.begin({ parcel: 'p-1' }, 'label');
      const { id } = await rig.fetchTask({}, topic);
      const more = { label: { value: 'L-1' }, other: { value: 1 } };
      expectError(await rig.complete(id, more), 400, /other/);
      expect((await rig.complete(id, { label: { value: 'L-1' } })).status).toBe(204);
      expect(await rig.ended(correlationId)).toMatchObject({ result: { label: 'L-1' } });
      const last = (await rig.events(correlationId)).at(-1);
      expect([last?.type, last?.actor]).toEqual(['process-completed', 'worker']);
    });

    it('shows in the report on stuck processes which topics have no worker, and since when', async () => {
      const began = Date.now();
      const attention = async () => {
        const { text } = await rig.service.api.get('/api/analytics/attention');
        return JSON.parse(text).elsewhere as { topic: string; count: number; oldestAt: string }[];
      };
      expect(await attention()).toEqual([]);
      await rig.begin();
      const [waiting] = await until(async () => {
        const topics = await attention();
        return topics.length > 0 && topics;
      }, 'the task waits');
      expect(waiting).toMatchObject({
        topic: rig.topic,
        steps: [{ processKey: rig.key('tariff'), step: 'find-tariff' }],
        count: 1,
        isWhole: true,
      });
      // The clock of an engine counts in whole seconds, where its database does.
      expect(Date.parse(waiting?.oldestAt ?? '')).toBeGreaterThan(began - 5_000);
      const { id } = await rig.fetchTask();
      expect(await attention()).toEqual([]);
      expect((await rig.complete(id, PRICE)).status).toBe(204);
    });

    it('is locked for one worker of one caller', async () => {
      const correlationId = await rig.begin();
      const { id } = await rig.fetchTask();
      const lock = { workerId: 'w-1', newDuration: 60_000 };
      const locked = /It is locked by worker 'w-1'/;
      expectError(await rig.complete(id, PRICE, {}, 'stranger'), 400, locked);
      expectError(await rig.complete(id, PRICE, { workerId: 'w-2' }), 400, locked);
      expectError(await rig.post(`${id}/extendLock`, lock, 'stranger'), 400, locked);
      expectError(await rig.post(`${id}/unlock`, undefined, 'stranger'), 400, locked);
      expect(await rig.steps(correlationId)).toEqual([]);
      expect((await rig.post(`${id}/extendLock`, lock)).status).toBe(204);
      expect((await rig.post(`${id}/unlock`, undefined)).status).toBe(204);
      const other = await rig.askFor(rig.topic, { asyncResponseTimeout: 20_000 }, 'stranger');
      expect(JSON.parse(other.text)).toMatchObject([{ id, workerId: 'w-1' }]);
      expectError(await rig.complete(id, PRICE), 400, locked);
      expect((await rig.complete(id, PRICE, {}, 'stranger')).status).toBe(204);
      expect(await rig.steps(correlationId)).toMatchObject([{ actor: 'stranger' }]);
    });

    it('is for callers with the scope steps:work, and only such steps are', async () => {
      expectError(await rig.askFor(rig.topic, {}, 'starter'), 403, /needs the scope steps:work/);
      expectError(
        await rig.askFor(rig.topic, {}, 'nobody'),
        401,
        /The API key or token is not valid/,
      );
      const own = `${rig.key('tariff')}.conclude`;
      expectError(await rig.askFor(own), 404, /No step with elsewhere: true has the topic/);
      for (const path of ['none/complete', 'count/complete', '7/complete']) {
        const body = { workerId: 'w-1', variables: {} };
        expectError(await rig.post(path, body), 404, /does not exist/);
      }
      expectError(await rig.find('none'), 404, /does not exist/);
      expectError(await rig.post('fetchAndLock', { maxTasks: 1 }), 400, /workerId/);
    });

    it('is completed by its worker after a restart of the service, and journaled with its input', async () => {
      const correlationId = await rig.begin({ weight: 3, secret: 'x' });
      const { id } = await rig.fetchTask();
      await rig.restart();
      expect((await rig.complete(id, PRICE)).status).toBe(204);
      expect(await rig.ended(correlationId)).toMatchObject({ status: 'ok' });
      const [done] = await rig.steps(correlationId);
      expect(done?.data.input).toEqual({ weight: 3, secret: '[redacted]', correlationId });
      expect(done?.audit.executionTime ?? null).toBeNull();
    });

    it('answers a worker that waits when a task comes, and G12: at the stop', async () => {
      const first = rig.askFor(rig.topic, { asyncResponseTimeout: 20_000 });
      await rig.begin();
      const [{ id }] = JSON.parse((await first).text);
      await rig.complete(id, PRICE);
      const open = rig.askFor(rig.topic, { asyncResponseTimeout: 20_000 });
      await until(
        async () =>
          /^fastify_camunda_waiting 1$/m.test((await rig.service.api.get('/metrics')).text),
        'it waits',
      );
      const began = Date.now();
      await rig.restart();
      const answer = await open;
      expect([answer.status, answer.text]).toEqual([200, '[]']);
      expect(Date.now() - began).toBeLessThan(19_000);
    });
  });
});
