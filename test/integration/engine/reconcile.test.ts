import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventStore } from '../../../domain/process/event-store.ts';
import {
  catchMessage,
  catchTimer,
  end,
  flows,
  parallel,
  start,
  task,
} from '../../support/bpmn/model.ts';
import { until } from '../../support/children.ts';
import { engineKinds } from '../../support/engines.ts';
import { completed, refused, started } from '../../support/events.ts';
import {
  ONE_TASK,
  openReconcileWorld,
  type ReconcileWorld,
} from '../../support/reconcile-world.ts';

const JOINED = [
  ...[start(), parallel('fork'), task('a'), task('b'), parallel('join'), task('c'), end()],
  ...[flows('start', 'fork', 'a', 'join', 'c', 'end'), flows('fork', 'b', 'join')],
];

describe.each(await engineKinds())('the reconciler on $name', (kind) => {
  describe.skipIf(!kind.available)('when there is one', () => {
    let world: ReconcileWorld;
    let key: string;
    let joined: string;
    beforeAll(async () => {
      world = await openReconcileWorld(kind);
      key = await world.deploy(...ONE_TASK);
      joined = await world.deploy(...JOINED);
    });
    afterAll(() => world?.close());

    const technical = (code: string) => ({ status: 'error', error: { kind: 'technical', code } });

    it('G11: an instance that ended without a final event gets the end that says so', async () => {
      const { id, instanceId } = await world.run(key);
      await world.report(instanceId, 'work', 'complete');
      await world.reconcile();
      expect(await world.state(id)).toMatchObject(technical('ENDED_WITHOUT_RESULT'));
      await world.reconcile();
      expect((await world.types(id)).filter((type) => type === 'process-failed')).toHaveLength(1);
    });

    it('G11: one that ended only now is left: a final task elsewhere may be about to report', async () => {
      const { id, instanceId } = await world.run(key);
      const afterMs = 500;
      await until(
        async () => Date.now() - Date.parse((await world.state(id))?.updatedAt ?? '') > afterMs,
        'the process is without news for long enough',
      );
      await world.report(instanceId, 'work', 'complete');
      await world.reconcile({ inMs: 0, afterMs });
      expect((await world.state(id))?.status).toBe('pending');
    });

    it('G11: a task of another worker without retries ends the process with the incident', async () => {
      const { id, instanceId } = await world.run(key);
      const failure = { errorMessage: 'the mainframe is gone', retries: 0, retryTimeout: 0 };
      await world.report(instanceId, 'work', 'failure', failure);
      await world.reconcile();
      const state = await world.state(id);
      expect(state).toMatchObject(technical('INCIDENT'));
      expect(state?.error?.message).toContain('the mainframe is gone');
      expect(state?.error?.step).toBe('work');
      // Kept: a retry may go on with it.
      await world.reconcile();
      expect(await world.runs(key, id)).toEqual([instanceId]);
    });

    it('G11: an instance deleted by hand ends the process, with the reason that was given', async () => {
      const { id, instanceId } = await world.run(key);
      await world.call('DELETE', `/process-instance/${instanceId}`);
      await world.reconcile();
      expect(await world.state(id)).toMatchObject(technical('INSTANCE_DELETED'));
    });

    it('G11: an instance that is gone from history too ends the process', async () => {
      const id = await world.request(key);
      await world.append(id, started(randomUUID()));
      await world.reconcile();
      const state = await world.state(id);
      expect(state).toMatchObject(technical('INSTANCE_DELETED'));
      expect(state?.error?.message).toContain('does not know the instance');
    });

    it('G11: a branch that an uncaught BPMN error ended fails the process with its code, when nothing goes on', async () => {
      const { id, instanceId } = await world.run(joined);
      await world.append(id, refused(`t-${id}`));
      await world.report(instanceId, 'a', 'bpmnError', { errorCode: 'NO_CREDIT' });
      await world.reconcile();
      // The other branch may still come to an end of its own.
      expect((await world.state(id))?.status).toBe('pending');
      await world.report(instanceId, 'b', 'complete');
      await world.reconcile();
      expect(await world.state(id)).toMatchObject({
        status: 'error',
        error: { kind: 'business', code: 'NO_CREDIT', message: 'no credit', step: 'a' },
      });
      expect(await world.runs(joined, id)).toEqual([]);
    });

    it('G11: an instance that ended by an uncaught BPMN error fails the process with its code', async () => {
      const { id, instanceId } = await world.run(key);
      await world.append(id, refused(`t-${id}`));
      await world.report(instanceId, 'work', 'bpmnError', { errorCode: 'NO_CREDIT' });
      await world.reconcile();
      expect((await world.state(id))?.error).toMatchObject({ kind: 'business', code: 'NO_CREDIT' });
    });

    it('G11: what waits for a worker, a timer or a message is no zombie, however long', async () => {
      const timer = await world.deploy(
        ...[start(), catchTimer('rest', 'PT9H'), end(), flows('start', 'rest', 'end')],
      );
      const message = await world.deploy(
        ...[start(), catchMessage('hear', 'word'), end(), flows('start', 'hear', 'end')],
      );
      const all = await Promise.all([key, timer, message].map((one) => world.run(one)));
      await world.append(all[2]?.id ?? '', refused(`t-${all[2]?.id}`));
      await world.reconcile({ inMs: 30 * 3_600_000 });
      for (const { id, instanceId } of all) {
        expect(await world.state(id)).toMatchObject({
          status: 'pending',
          processInstanceId: instanceId,
        });
        expect(await world.engine.isRunning(instanceId)).toBe(true);
      }
    });

    it('G11: nothing with news within the grace is touched, whatever the engine says', async () => {
      const { id, instanceId } = await world.run(key);
      await world.call('DELETE', `/process-instance/${instanceId}`);
      const unstarted = await world.request(key);
      await world.reconcile({ inMs: 0 });
      expect((await world.state(id))?.status).toBe('pending');
      expect(await world.types(unstarted)).toEqual(['process-requested']);
    });

    it('G11: process_store that lags is not believed: the stream has the last word', async () => {
      const { id, instanceId } = await world.run(key);
      await world.report(instanceId, 'work', 'complete');
      // Not projected.
      await world.eventStore.append(id, [{ ...completed(), processName: key }]);
      await world.reconcile();
      expect((await world.state(id))?.status).toBe('ok');
      expect(await world.types(id)).not.toContain('process-failed');
    });

    it('G11: an end that arrives at the same moment wins', async () => {
      const { id, instanceId } = await world.run(key);
      await world.report(instanceId, 'work', 'complete');
      const eventStore: EventStore = {
        ...world.eventStore,
        async append(correlationId, ...rest) {
          if (correlationId === id) await world.append(id, completed());
          return world.eventStore.append(correlationId, ...rest);
        },
      };
      await world.reconcile({ eventStore });
      expect(await world.state(id)).toMatchObject({ status: 'ok' });
      expect(await world.types(id)).not.toContain('process-failed');
    });

    describe.skipIf(kind.name.startsWith('the embedded'))('what the embedded one has not', () => {
      it('G11: a suspended instance is no zombie', async () => {
        const { id, instanceId } = await world.run(key);
        const path = `/process-instance/${instanceId}/suspended`;
        expect((await world.call('PUT', path, { suspended: true })).status).toBe(204);
        await world.reconcile();
        expect((await world.state(id))?.status).toBe('pending');
        expect(await world.engine.isRunning(instanceId)).toBe(true);
      });

      it('G11: a continuation that fails for good ends the process; a retry gives the job its attempts back', async () => {
        const failing = await world.deploy(
          start(),
          `<serviceTask id="compute" camunda:asyncBefore="true" camunda:expression="\${missing}"><extensionElements><camunda:failedJobRetryTimeCycle>R1/PT0S</camunda:failedJobRetryTimeCycle></extensionElements></serviceTask>`,
          end(),
          flows('start', 'compute', 'end'),
        );
        const { id, instanceId } = await world.run(failing);
        await until(
          async () => (await world.engine.findIncidents([instanceId])).length > 0,
          'the job has failed for good',
        );
        await world.reconcile();
        const state = await world.state(id);
        expect(state).toMatchObject(technical('INCIDENT'));
        expect(state?.error?.message).toMatch(/at compute: .*missing/);
        await world.call('POST', `/process-instance/${instanceId}/variables`, {
          modifications: { missing: { value: 'here', type: 'String' } },
        });
        await world.engine.retryFailed(instanceId, () => 1);
        await until(async () => !(await world.engine.isRunning(instanceId)), 'it ends');
      });
    });
  });
});
