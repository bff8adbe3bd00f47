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
import { portKinds } from '../../support/engines.ts';
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

describe.each(await portKinds())('the reconciler on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
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

    it('G11: writes the missing final event of an instance that ended without one', async () => {
      const { id, instanceId } = await world.run(key);
      await world.report(instanceId, 'work', 'complete');
      await world.reconcile();
      expect(await world.state(id)).toMatchObject(technical('ENDED_WITHOUT_RESULT'));
      await world.reconcile();
      expect((await world.types(id)).filter((type) => type === 'process-failed')).toHaveLength(1);
    });

    it('G11: leaves an instance that waits at a user task, which is not idle', async () => {
      const waiting = await world.deploy(
        start(),
        '<userTask id="look" />',
        end(),
        flows('start', 'look', 'end'),
      );
      const listening = await world.deploy(
        start(),
        catchMessage('heard', 'go'),
        end(),
        flows('start', 'heard', 'end'),
      );
      const { id, instanceId } = await world.run(waiting);
      const other = await world.run(listening);
      const idle = await world.engine.findIdle([instanceId, other.instanceId]);
      expect(idle).toEqual([other.instanceId]);
      await world.reconcile();
      expect((await world.state(id))?.status).toBe('pending');
    });

    it('G11: leaves an instance that ended only now, for a final task elsewhere may be about to report', async () => {
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

    it('G11: ends a process with the incident when a task of another worker has no retries left', async () => {
      const { id, instanceId } = await world.run(key);
      const failure = { errorMessage: 'the mainframe is gone', retries: 0, retryTimeout: 0 };
      await world.report(instanceId, 'work', 'failure', failure);
      await world.reconcile();
      const state = await world.state(id);
      expect(state).toMatchObject(technical('INCIDENT'));
      expect(state?.error?.message).toContain('the mainframe is gone');
      expect(state?.error?.step).toBe('work');
      // Kept: a retry may resume it.
      await world.reconcile();
      expect(await world.runs(key, id)).toEqual([instanceId]);
    });

    it('G11: ends a process whose instance was deleted by hand, with the reason that was given', async () => {
      const { id, instanceId } = await world.run(key);
      await world.call('DELETE', `/process-instance/${instanceId}`);
      await world.reconcile();
      expect(await world.state(id)).toMatchObject(technical('INSTANCE_DELETED'));
    });

    it('G11: ends a process whose instance is gone from history too', async () => {
      const id = await world.request(key);
      await world.append(id, started(randomUUID()));
      await world.reconcile();
      const state = await world.state(id);
      expect(state).toMatchObject(technical('INSTANCE_DELETED'));
      expect(state?.error?.message).toContain('does not know the instance');
    });

    it('G11: fails a process whose branch an uncaught BPMN error ended with its code, when nothing else runs', async () => {
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

    it('G11: fails a process whose instance ended by an uncaught BPMN error with its code', async () => {
      const { id, instanceId } = await world.run(key);
      await world.append(id, refused(`t-${id}`));
      await world.report(instanceId, 'work', 'bpmnError', { errorCode: 'NO_CREDIT' });
      await world.reconcile();
      expect((await world.state(id))?.error).toMatchObject({ kind: 'business', code: 'NO_CREDIT' });
    });

    it('G11: leaves a process that waits for a worker, a timer or a message, however long', async () => {
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

    it('G11: leaves a process with news within the grace period, whatever the engine says', async () => {
      const { id, instanceId } = await world.run(key);
      await world.call('DELETE', `/process-instance/${instanceId}`);
      const unstarted = await world.request(key);
      await world.reconcile({ inMs: 0 });
      expect((await world.state(id))?.status).toBe('pending');
      expect(await world.types(unstarted)).toEqual(['process-requested']);
    });

    it('G11: believes the stream and not process_store, which may lag', async () => {
      const { id, instanceId } = await world.run(key);
      await world.report(instanceId, 'work', 'complete');
      // Not projected.
      await world.eventStore.append(id, [{ ...completed(), processName: key }]);
      await world.reconcile();
      expect((await world.state(id))?.status).toBe('ok');
      expect(await world.types(id)).not.toContain('process-failed');
    });

    it('G11: lets an end win that arrives at the same moment', async () => {
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

    it('G11: ends a process whose continuation failed finally; a retry attempts it at once, however long its intervals', async () => {
      const failing = await world.deploy(
        start(),
        `<serviceTask id="compute" camunda:asyncBefore="true" camunda:type="external" camunda:topic="\${missing}"><extensionElements><camunda:failedJobRetryTimeCycle>R2/PT1H</camunda:failedJobRetryTimeCycle></extensionElements></serviceTask>`,
        end(),
        flows('start', 'compute', 'end'),
      );
      const { id, instanceId } = await world.run(failing);
      const job = await until(async () => {
        const path = `/job?processInstanceId=${instanceId}&withException=true`;
        return (await world.call<{ id: string }[]>('GET', path)).body[0];
      }, 'the job has failed once');
      await world.reconcile();
      expect((await world.state(id))?.status).toBe('pending');
      await world.call('POST', `/job/${job.id}/execute`);
      await world.reconcile();
      const state = await world.state(id);
      expect(state).toMatchObject(technical('INCIDENT'));
      expect(state?.error?.message).toMatch(/at compute: .*missing/);
      await world.call('POST', `/process-instance/${instanceId}/variables`, {
        modifications: { missing: { value: 'here', type: 'String' } },
      });
      await world.engine.retryFailed(instanceId, () => 1);
      await until(async () => {
        const path = `/external-task?processInstanceId=${instanceId}`;
        const { body } = await world.call<{ topicName: string }[]>('GET', path);
        return body[0]?.topicName === 'here';
      }, 'the job has run');
    });

    describe.skipIf(kind.name.startsWith('the embedded'))(
      'for what the embedded engine does not have',
      () => {
        it('G11: leaves a suspended instance', async () => {
          const { id, instanceId } = await world.run(key);
          const path = `/process-instance/${instanceId}/suspended`;
          expect((await world.call('PUT', path, { suspended: true })).status).toBe(204);
          await world.reconcile();
          expect((await world.state(id))?.status).toBe('pending');
          expect(await world.engine.isRunning(instanceId)).toBe(true);
        });
      },
    );
  });
});
