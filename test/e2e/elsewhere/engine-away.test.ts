import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ElsewhereRig, openElsewhereRig } from '../../support/elsewhere-rig.ts';
import { engineKinds } from '../../support/engines.ts';

const PRICE = { price: { value: 7.75, type: 'Double' } };
const isReport = (path: string): boolean =>
  /^\/external-task\/[^/]+\/(complete|failure|bpmnError)$/.test(path);
/** Soon over, for a report that the engine did not get. */
const SHORT_LOCK = { lockDuration: 1_500 };

describe.each(await engineKinds())('a result that does not reach $name', (kind) => {
  describe.skipIf(!kind.available)('at first', () => {
    let rig: ElsewhereRig;
    beforeAll(async () => {
      rig = await openElsewhereRig(kind, { isProxied: true });
    });
    afterEach(() => rig.proxy?.intercept(() => 'pass'));
    afterAll(() => rig?.close());

    it('G2: is journaled, and reported with the next fetch instead of handing the task out again', async () => {
      const correlationId = await rig.begin();
      const { id } = await rig.fetchTask(SHORT_LOCK);
      rig.proxy?.intercept(() => 'lose-request');
      expect((await rig.complete(id, PRICE)).status).toBe(204);
      expect(await rig.steps(correlationId)).toMatchObject([
        { type: 'step-completed', actor: 'worker', data: { output: { price: 7.75 } } },
      ]);
      rig.proxy?.intercept(() => 'pass');
      await rig.untilEnded(correlationId);
      expect(await rig.steps(correlationId)).toHaveLength(1);
    });

    it('G2: is reported when its worker sends it again, also to a service that has restarted', async () => {
      const correlationId = await rig.begin();
      const { id } = await rig.fetchTask();
      rig.proxy?.intercept(({ path }) => (isReport(path) ? 'lose-request' : 'pass'));
      expect((await rig.complete(id, PRICE)).status).toBe(204);
      await rig.restart();
      rig.proxy?.intercept(() => 'pass');
      expect((await rig.complete(id, PRICE)).status).toBe(204);
      expect(await rig.ended(correlationId)).toMatchObject({ status: 'ok' });
      expect(await rig.steps(correlationId)).toHaveLength(1);
    });

    it('is one failure, which the engine gets when its worker sends it again', async () => {
      const correlationId = await rig.begin();
      const { id } = await rig.fetchTask();
      const failure = { workerId: 'w-1', errorMessage: 'no answer', retries: 2, retryTimeout: 0 };
      rig.proxy?.intercept(({ path }) => (isReport(path) ? 'lose-request' : 'pass'));
      expect((await rig.post(`${id}/failure`, failure)).status).toBe(204);
      await rig.restart();
      rig.proxy?.intercept(() => 'pass');
      expect((await rig.post(`${id}/failure`, failure)).status).toBe(204);
      expect((await rig.fetchTask()).retries).toBe(2);
      expect((await rig.complete(id, PRICE)).status).toBe(204);
      expect(await rig.ended(correlationId)).toMatchObject({ status: 'ok' });
      const steps = await rig.steps(correlationId);
      expect(steps.map(({ type, data }) => [type, data.attempt])).toEqual([
        ['step-failed', 1],
        ['step-completed', 2],
      ]);
    });

    it('writes nothing when nobody knows whose the task is, and says so', async () => {
      const correlationId = await rig.begin();
      const { id } = await rig.fetchTask();
      await rig.restart();
      rig.proxy?.intercept(() => 'lose-request');
      const away = [await rig.complete(id, PRICE), await rig.askFor(rig.topic), await rig.find(id)];
      for (const { status, text } of away) {
        expect([status, JSON.parse(text).type]).toEqual([503, 'RestException']);
        expect(JSON.parse(text).message).toMatch(/^The process engine /);
      }
      rig.proxy?.intercept(() => 'pass');
      expect(await rig.steps(correlationId)).toEqual([]);
      expect((await rig.complete(id, PRICE)).status).toBe(204);
      expect(await rig.ended(correlationId)).toMatchObject({ status: 'ok' });
    });
  });
});
