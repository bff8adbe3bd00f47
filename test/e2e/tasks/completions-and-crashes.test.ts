import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { engineKinds } from '../../support/engines.ts';
import { openTaskRig, type TaskRig } from '../../support/task-rig.ts';

const isComplete = (path: string): boolean => /^\/task\/[^/]+\/complete$/.test(path);
const ACCEPTED = { accepted: true };

describe.each(await engineKinds())('a completion that does not reach $name', (kind) => {
  describe.skipIf(!kind.available)('at first', () => {
    let rig: TaskRig;
    beforeAll(async () => {
      rig = await openTaskRig(kind, { isProxied: true });
    });
    afterEach(() => rig.proxy?.intercept(() => 'pass'));
    afterAll(() => rig?.close());

    const loseCompletions = () =>
      rig.proxy?.intercept(({ path }) => (isComplete(path) ? 'lose-request' : 'pass'));
    async function expectOnce(correlationId: string, id: string): Promise<void> {
      const ended = await rig.status(correlationId, { prefer: 'wait=25' });
      expect(ended.body).toMatchObject({ status: 'ok', result: ACCEPTED });
      const done = (await rig.events(correlationId)).filter(({ data }) => data.taskId === id);
      expect(done).toMatchObject([{ type: 'step-completed', actor: 'kim' }]);
    }

    it('G2: is recorded, and completes the task from the journal when the caller repeats it', async () => {
      loseCompletions();
      const { id, correlationId } = await rig.open();
      const first = await rig.complete(id, ACCEPTED);
      expect([first.status, first.body.status]).toEqual([202, 'recorded']);
      expect((await rig.complete(id, ACCEPTED)).status).toBe(202);
      rig.expectProblem(await rig.complete(id, ACCEPTED, 'alex'), 'task-taken');
      rig.expectProblem(await rig.complete(id, { accepted: false }), 'task-taken');
      expect((await rig.get(`/api/tasks/${id}`)).status).toBe(200);
      rig.proxy?.intercept(() => 'pass');
      expect((await rig.complete(id, ACCEPTED)).status).toBe(200);
      await expectOnce(correlationId, id);
    });

    it('G10: reaches it after a restart of the service, though no caller repeats it', async () => {
      loseCompletions();
      const { id, correlationId } = await rig.open();
      expect((await rig.complete(id, ACCEPTED)).status).toBe(202);
      await rig.restart();
      rig.proxy?.intercept(() => 'pass');
      await expectOnce(correlationId, id);
    });

    it('G2: is answered 200 when only the answer of the engine was lost, and the caller repeats it', async () => {
      let lost = 0;
      rig.proxy?.intercept(({ path }) =>
        isComplete(path) && lost++ === 0 ? 'lose-answer' : 'pass',
      );
      const { id, correlationId } = await rig.open();
      expect([200, 202]).toContain((await rig.complete(id, ACCEPTED)).status);
      expect((await rig.complete(id, ACCEPTED)).status).toBe(200);
      await expectOnce(correlationId, id);
    });

    it('writes nothing while the engine is away', async () => {
      const { id, correlationId } = await rig.open();
      const before = await rig.events(correlationId);
      rig.proxy?.intercept(() => 'lose-request');
      for (const answer of [
        await rig.get('/api/tasks'),
        await rig.get(`/api/tasks/${id}`),
        await rig.post(`/api/tasks/${id}/claim`, {}),
        await rig.complete(id, ACCEPTED),
      ]) {
        rig.expectProblem(answer, 'unavailable', /cannot be reached; nothing happened/);
      }
      expect(await rig.events(correlationId)).toEqual(before);
    });
  });
});
