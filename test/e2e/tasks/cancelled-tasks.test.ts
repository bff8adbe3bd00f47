import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { engineKinds } from '../../support/engines.ts';
import { openTaskRig, type TaskRig } from '../../support/task-rig.ts';
import type { ProxyAction } from '../../support/worker-proxy.ts';

const ACCEPTED = { accepted: true };
/** Tasks that are completed at the moment at which something else ends them. */
const RACES = 12;
const kinds = await engineKinds();

type Events = Awaited<ReturnType<TaskRig['events']>>;
/** The events about one task. */
const ofTask = (events: Events, id: string) =>
  events.filter(({ data }) => data.taskId === id).map(({ type, data }) => [type, data.code]);
const COMPLETED = ['step-completed', undefined];
const CANCELLED = ['step-failed', 'TASK_CANCELLED'];

describe.each(kinds)('a task that $name cancels', (kind) => {
  describe.skipIf(!kind.available)('while it is completed', () => {
    let rig: TaskRig;
    beforeAll(async () => {
      rig = await openTaskRig(kind, { process: 'reviewed-in-time' });
    });
    afterAll(() => rig?.close());

    /** @param prepare returns a function that ends the task otherwise */
    async function race(prepare: (correlationId: string) => Promise<() => Promise<unknown>>) {
      const tasks = await Promise.all(
        Array.from({ length: RACES }, async () => {
          const task = await rig.open();
          return { ...task, end: await prepare(task.correlationId) };
        }),
      );
      return Promise.all(
        tasks.map(async ({ id, correlationId, end }, at) => {
          const completed = rig.complete(id, ACCEPTED);
          // Some later than others.
          for (let calls = at % 4; calls > 0; calls--) await rig.get(`/api/tasks/${id}`);
          // What is too late is refused.
          await end().catch(() => {});
          const answer = await completed;
          await until(
            async () => (await rig.status(correlationId)).status !== 202,
            `${correlationId} has ended`,
          );
          const events: Events = await rig.events(correlationId);
          expect(events.map(({ version }) => version)).toEqual(events.map((_, at) => at + 1));
          return { answer, about: ofTask(events, id), events, id, correlationId };
        }),
      );
    }

    it('by a timer goes one way, which the answer and the events name', async () => {
      for (const { answer, about, id, correlationId } of await race(rig.timerOf)) {
        const { way } = (await rig.status(correlationId)).body.result;
        switch (answer.status) {
          case 202:
            // The engine was busy; the job finds out.
            await until(
              async () =>
                ofTask(await rig.events(correlationId), id).length === (way === 'reviewed' ? 1 : 2),
              'the events say what happened',
            );
            break;
          case 200:
            expect([way, about]).toEqual(['reviewed', [COMPLETED]]);
            break;
          case 409:
            rig.expectProblem(answer, 'task-cancelled');
            expect([way, about]).toEqual(['escalated', [COMPLETED, CANCELLED]]);
            break;
          default:
            rig.expectProblem(answer, 'not-found');
            expect([way, about]).toEqual(['escalated', []]);
        }
      }
    });

    it('because its process is cancelled is in the events of the process only when the answer says so', async () => {
      const cancel = async (correlationId: string) => () =>
        rig.post(`/api/process/${correlationId}/cancel`, { reason: 'ordered twice' });
      for (const { answer, about, events } of await race(cancel)) {
        if (answer.status === 200) {
          expect(about).toEqual([COMPLETED]);
          continue;
        }
        expect(events.map(({ type }) => type)).toContain('process-cancelled');
        if (answer.status === 404) rig.expectProblem(answer, 'not-found');
        else if (answer.body.type.endsWith('task-cancelled')) {
          expect(about).toEqual([COMPLETED, CANCELLED]);
        } else {
          rig.expectProblem(answer, 'already-ended');
          expect(about).toEqual([]);
        }
      }
    });
  });
});

// The REST API of the embedded engine has no history of tasks.
const real = kinds.filter(({ isDirect }) => !isDirect);
describe.each(real)('a task whose completion is on its way to $name', (kind) => {
  describe.skipIf(!kind.available)('when a timer fires', () => {
    let rig: TaskRig;
    beforeAll(async () => {
      rig = await openTaskRig(kind, { process: 'reviewed-in-time', isProxied: true });
    });
    afterEach(() => rig.proxy?.intercept(() => 'pass'));
    afterAll(() => rig?.close());

    it('is cancelled: the caller gets 409 each time, and an event says that the completion had no effect', async () => {
      const { id, correlationId } = await rig.open();
      const fire = await rig.timerOf(correlationId);
      let fired: Promise<void> | undefined;
      rig.proxy?.intercept(async ({ path }): Promise<ProxyAction> => {
        if (!path.endsWith(`/task/${id}/complete`)) return 'pass';
        fired ??= fire();
        await fired;
        return 'pass';
      });
      rig.expectProblem(await rig.complete(id, ACCEPTED), 'task-cancelled', /has no effect/);
      rig.expectProblem(await rig.complete(id, ACCEPTED), 'task-cancelled');
      rig.expectProblem(await rig.complete(id, ACCEPTED, 'alex'), 'task-taken');
      const ended = await rig.status(correlationId, { prefer: 'wait=20' });
      // The engine did not get the variables.
      expect(ended.body.result).toEqual({ way: 'escalated' });
      const events = await rig.events(correlationId);
      expect(ofTask(events, id)).toEqual([COMPLETED, CANCELLED]);
      const failed = events.find(({ type }) => type === 'step-failed');
      expect(failed).toMatchObject({
        step: { name: 'review', number: 1 },
        data: { kind: 'cancelled', retriesLeft: 0 },
      });
      expect(failed?.actor, 'nobody did that').toBeUndefined();
    });

    it('is cancelled by the job as well, when the engine was away for the caller', async () => {
      const { id, correlationId } = await rig.open();
      rig.proxy?.intercept(({ path }) => (path.endsWith('/complete') ? 'lose-request' : 'pass'));
      expect((await rig.complete(id, ACCEPTED)).status).toBe(202);
      await (await rig.timerOf(correlationId))();
      rig.proxy?.intercept(() => 'pass');
      const about = async () => ofTask(await rig.events(correlationId), id);
      await until(async () => (await about()).length === 2, 'the job finds the task cancelled');
      expect(await about()).toEqual([COMPLETED, CANCELLED]);
      const ended = await rig.status(correlationId, { prefer: 'wait=20' });
      expect(ended.body.result).toEqual({ way: 'escalated' });
    });
  });
});
