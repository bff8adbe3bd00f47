import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { engineKinds } from '../../support/engines.ts';
import { openTaskRig, type TaskRig } from '../../support/task-rig.ts';

describe.each(await engineKinds())('user tasks on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let rig: TaskRig;
    beforeAll(async () => {
      rig = await openTaskRig(kind);
    });
    afterAll(() => rig?.close());

    const ids = (tasks: { id: string }[]) => tasks.map(({ id }) => id);

    it('show who may claim one, of which process it is, and when it is due', async () => {
      const task = await rig.open({ group: 'readers' });
      expect(task).toMatchObject({
        name: 'Review it',
        activityId: 'review',
        processKey: rig.key,
        assignee: null,
        dueAt: expect.stringMatching(/^2030-01-31T/),
      });
      const { status, body } = await rig.get(`/api/tasks/${task.id}`);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        ...task,
        candidateGroups: ['readers'],
        candidateUsers: [],
        statusUrl: `/api/process/status/${task.correlationId}`,
        variables: {
          properties: { accepted: { type: 'boolean' }, note: { default: 'nothing to add' } },
          required: ['accepted'],
          additionalProperties: false,
        },
      });
    });

    it('are listed by assignee, candidate group, due date and whether anybody has claimed them', async () => {
      const group = `g-${randomUUID()}`;
      const user = `u-${randomUUID()}`;
      const early = await rig.open({ group, due: '2029-06-01T00:00:00' });
      const late = await rig.open({ group, due: '2031-06-01T00:00:00' });
      await rig.post(`/api/tasks/${late.id}/claim`, { user });
      const found = async (query: Record<string, string>) => ids((await rig.list(query)).tasks);
      expect(await found({ candidateGroup: group })).toEqual([early.id, late.id]);
      expect(await found({ candidateGroup: group, unassigned: 'true' })).toEqual([early.id]);
      expect(await found({ assignee: user })).toEqual([late.id]);
      const year = '2030-01-01T00:00:00Z';
      expect(await found({ candidateGroup: group, dueBefore: year })).toEqual([early.id]);
      expect(await found({ candidateGroup: group, dueAfter: year })).toEqual([late.id]);
      expect(await found({ candidateGroup: group, process: 'another' })).toEqual([]);
      for (const wrong of [
        'unassigned=true&assignee=x',
        `dueAfter=${year}&dueBefore=${year}`,
        'cursor=abc',
        'owner=x',
      ]) {
        rig.expectProblem(await rig.get(`/api/tasks?${wrong}`), 'invalid-request');
      }
    });

    it('come page by page, each once and oldest first', async () => {
      const group = `g-${randomUUID()}`;
      const opened: string[] = [];
      for (let at = 0; at < 5; at++) opened.push((await rig.open({ group })).id);
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const query: Record<string, string> = { candidateGroup: group, limit: '2' };
        const page = await rig.list(cursor ? { ...query, cursor } : query);
        seen.push(...ids(page.tasks));
        cursor = page.nextCursor;
      }
      expect(seen).toEqual(opened);
    });

    it('are claimed by one user at a time, by default the caller, and can be released', async () => {
      const { id } = await rig.open();
      const claim = (caller: string, json?: object) =>
        rig.post(`/api/tasks/${id}/claim`, json, caller);
      expect((await claim('kim')).body).toMatchObject({ id, assignee: 'kim' });
      expect((await claim('kim')).status).toBe(200);
      rig.expectProblem(await claim('alex'), 'task-taken');
      rig.expectProblem(await claim('kim', { user: 'robin' }), 'task-taken');
      const released = await rig.post(`/api/tasks/${id}/unclaim`, undefined, 'alex');
      expect(released.body).toMatchObject({ id, assignee: null });
      expect((await claim('alex', { user: 'robin' })).body).toMatchObject({ assignee: 'robin' });
      expect((await rig.get(`/api/tasks/${id}`)).body).toMatchObject({ assignee: 'robin' });
    });

    it('refuse claim and completion to a caller who may only read', async () => {
      const { id } = await rig.open();
      for (const path of ['claim', 'unclaim', 'complete']) {
        const answer = await rig.post(`/api/tasks/${id}/${path}`, { variables: {} }, 'reader');
        rig.expectProblem(answer, 'forbidden');
      }
    });

    it('G15: are completed with variables that fit, as a step with its actor, and the process continues', async () => {
      const task = await rig.open();
      const variables = { accepted: true, on: '2026-02-01T08:00:00Z' };
      const done = await rig.complete(task.id, variables);
      expect([done.status, done.body]).toMatchObject([
        200,
        { status: 'completed', taskId: task.id, correlationId: task.correlationId },
      ]);
      const ended = await rig.status(task.correlationId, { prefer: 'wait=20' });
      expect(ended.body).toMatchObject({
        status: 'ok',
        result: { accepted: true, note: 'nothing to add', on: '2026-02-01T08:00:00.000Z' },
      });
      const events = await rig.events(task.correlationId);
      const [completed] = events.filter(({ type }) => type === 'step-completed');
      expect(completed).toMatchObject({
        step: { name: 'review-it', number: 1 },
        actor: 'kim',
        data: {
          taskId: task.id,
          userTask: 'review',
          output: { accepted: true, note: 'nothing to add', on: '2026-02-01T08:00:00.000Z' },
          dates: ['on'],
        },
        audit: {
          httpMethod: 'POST',
          endpoint: '/api/tasks/:id/complete',
          httpStatusCode: 200,
          result: 'Reviewed',
        },
      });
      expect(events.map(({ actor }) => actor).filter(Boolean)).toEqual(['alex', 'kim']);
      expect((await rig.list({ limit: '1000' })).tasks.map(({ id }) => id)).not.toContain(task.id);
    });

    it('refuse variables that do not fit the schema of the task, and stay open', async () => {
      const { id, correlationId } = await rig.open();
      for (const [variables, path] of [
        [{}, 'variables.accepted'],
        [{ accepted: 'yes' }, 'variables.accepted'],
        [{ accepted: true, more: 1 }, 'variables'],
      ] as const) {
        const answer = await rig.complete(id, variables);
        rig.expectProblem(answer, 'invalid-variables');
        expect(answer.body.errors[0]?.path).toBe(path);
      }
      rig.expectProblem(await rig.complete(id, { correlationId: 'x' }), 'invalid-request');
      expect((await rig.events(correlationId)).map(({ type }) => type)).not.toContain(
        'step-completed',
      );
      expect((await rig.get(`/api/tasks/${id}`)).status).toBe(200);
    });

    it('take any variables where the process does not define them', async () => {
      const { id, correlationId } = await rig.open();
      await rig.complete(id, { accepted: false, route: 'archive' });
      const second = await rig.taskOf(correlationId, 'archive');
      expect((await rig.complete(second.id, { shelf: 7 })).status).toBe(200);
      const ended = await rig.status(correlationId, { prefer: 'wait=20' });
      expect(ended.body.result).toMatchObject({ accepted: false, shelf: 7 });
      const steps = (await rig.events(correlationId)).map(({ step }) => step?.name);
      expect(steps.filter(Boolean)).toEqual(['review-it', 'archive', 'finish']);
    });

    it('answer the same completion again, and 409 to another caller and to other variables', async () => {
      const { id, correlationId } = await rig.open();
      const variables = { accepted: true };
      expect((await rig.complete(id, variables)).status).toBe(200);
      expect((await rig.complete(id, variables)).status).toBe(200);
      rig.expectProblem(await rig.complete(id, variables, 'alex'), 'task-taken');
      rig.expectProblem(await rig.complete(id, { accepted: false }), 'task-taken');
      await rig.status(correlationId, { prefer: 'wait=20' });
      const done = (await rig.events(correlationId)).filter(({ data }) => data.taskId === id);
      expect(done).toHaveLength(1);
    });

    it('are completed once by callers at the same moment', async () => {
      const { id, correlationId } = await rig.open();
      const answers = await Promise.all(
        ['kim', 'alex', 'kim', 'alex'].map((caller) =>
          rig.complete(id, { accepted: true, note: caller }, caller),
        ),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 409, 409]);
      await rig.status(correlationId, { prefer: 'wait=20' });
      const done = (await rig.events(correlationId)).filter(({ data }) => data.taskId === id);
      expect(done).toHaveLength(1);
    });

    it('are completed by any caller with the scope, also while they are claimed by another, who is not named', async () => {
      const { id, correlationId } = await rig.open();
      await rig.post(`/api/tasks/${id}/claim`, {}, 'alex');
      expect((await rig.complete(id, { accepted: true }, 'kim')).status).toBe(200);
      const done = (await rig.events(correlationId)).filter(({ data }) => data.taskId === id);
      expect(done).toMatchObject([{ type: 'step-completed', actor: 'kim' }]);
    });

    it.skipIf(!kind.isDirect)(
      'are not found by the id of their instance, with which their own ids begin',
      async () => {
        const { id } = await rig.open();
        await rig.complete(id, { accepted: true });
        const [instanceId = ''] = id.split(':');
        rig.expectProblem(await rig.complete(instanceId, { accepted: true }), 'not-found');
      },
    );

    it('G17: of instances that this service did not start are not listed, and are 404', async () => {
      const { correlationId, id: own } = await rig.open();
      const variables = { group: { value: 'g' }, due: { value: '2030-01-01T00:00:00' } };
      for (const businessKey of ['nobody', correlationId]) {
        const path = `/process-definition/key/${rig.key}/start`;
        const { id } = await rig.engine<{ id: string }>('POST', path, { businessKey, variables });
        const [task] = await rig.engine<{ id: string }[]>('GET', `/task?processInstanceId=${id}`);
        const foreign = task?.id ?? '';
        expect(ids((await rig.list({ limit: '1000' })).tasks)).not.toContain(foreign);
        rig.expectProblem(await rig.get(`/api/tasks/${foreign}`), 'not-found');
        rig.expectProblem(await rig.post(`/api/tasks/${foreign}/claim`, {}), 'not-found');
        rig.expectProblem(await rig.complete(foreign, { accepted: true }), 'not-found');
      }
      expect(ids((await rig.list({ limit: '1000' })).tasks)).toContain(own);
      for (const unknown of ['count', randomUUID()]) {
        rig.expectProblem(await rig.get(`/api/tasks/${unknown}`), 'not-found');
      }
    });

    it('of a process that was cancelled are not listed, and a completion is 409 or 404', async () => {
      const { id, correlationId } = await rig.open();
      await rig.post(`/api/process/${correlationId}/cancel`, {});
      const { tasks } = await rig.list({ limit: '1000' });
      expect(tasks.map((task) => task.correlationId)).not.toContain(correlationId);
      expect([404, 409]).toContain((await rig.complete(id, { accepted: true })).status);
      await until(
        async () => (await rig.get(`/api/tasks/${id}`)).status === 404,
        'the instance is deleted',
      );
    });

    it('whose completion the engine cannot continue from fail the process, with the reason', async () => {
      const { id, correlationId } = await rig.open();
      const answer = await rig.complete(id, { accepted: false });
      rig.expectProblem(answer, 'engine-refused', /recorded, but the process engine cannot/);
      const ended = await rig.status(correlationId);
      expect(ended.body.error).toMatchObject({ code: 'ENGINE_REFUSED', step: 'review-it' });
      // The retry reports the recorded completion again, with the same result.
      const retried = await rig.post(`/api/process/${correlationId}/retry`, {});
      expect(retried.body).toMatchObject({ status: 502, code: 'ENGINE_REFUSED' });
    });
  });
});
