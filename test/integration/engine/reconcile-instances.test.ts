import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EventStore } from '../../../domain/process/event-store.ts';
import { createRestEngine } from '../../../infrastructure/camunda/rest-engine.ts';
import { freePort } from '../../support/children.ts';
import { portKinds } from '../../support/engines.ts';
import { broken, cancelled, completed, failed, retried } from '../../support/events.ts';
import {
  ONE_TASK,
  openReconcileWorld,
  type ReconcileWorld,
} from '../../support/reconcile-world.ts';

describe.each(await portKinds())('the runs of the reconciler on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let world: ReconcileWorld;
    let key: string;
    beforeAll(async () => {
      world = await openReconcileWorld(kind);
      key = await world.deploy(...ONE_TASK);
    });
    beforeEach(() => {
      world.lines.length = 0;
    });
    afterAll(() => world?.close());

    it('G11: start once a process whose start job was lost', async () => {
      const id = await world.request(key);
      await world.reconcile();
      const runs = await world.runs(key, id);
      expect(runs).toHaveLength(1);
      expect(await world.state(id)).toMatchObject({
        status: 'pending',
        processInstanceId: runs[0],
      });
      await world.reconcile();
      expect(await world.runs(key, id)).toEqual(runs);
    });

    it('leave alone a process that waits for its time, and start it once when that has come', async () => {
      const startAt = new Date(Date.now() + 3_600_000).toISOString();
      const id = await world.request(key, {}, startAt);
      await world.reconcile();
      expect(await world.runs(key, id)).toEqual([]);
      expect(world.lines.filter(({ fields }) => JSON.stringify(fields).includes(id))).toEqual([]);
      await world.reconcile({ inMs: 3_600_000 });
      const [run, ...others] = await world.runs(key, id);
      expect(others).toEqual([]);
      expect(await world.state(id)).toMatchObject({
        status: 'pending',
        processInstanceId: run,
        startedAt: startAt,
      });
    });

    it('G11: record an instance that runs unrecorded', async () => {
      const id = await world.request(key);
      const there = await world.engine.start(key, id, {});
      await world.reconcile();
      expect(await world.runs(key, id)).toEqual([there]);
      expect((await world.state(id))?.processInstanceId).toBe(there);
    });

    it('G11: delete, of two instances of one process, the one that is not recorded', async () => {
      const { id, instanceId } = await world.run(key);
      await world.engine.start(key, id, {});
      await world.reconcile();
      expect(await world.runs(key, id)).toEqual([instanceId]);
      expect((await world.state(id))?.status).toBe('pending');
    });

    it('G11: delete the instance of a cancelled or refused process, and keep the others', async () => {
      const ends = [cancelled(), failed(), broken(), completed()];
      const all = await Promise.all(ends.map(() => world.run(key)));
      for (const [at, event] of ends.entries()) await world.append(all[at]?.id ?? '', event);
      const foreign = await world.engine.start(key, `foreign-${randomUUID()}`, {});
      const left = async () =>
        Promise.all(all.map(async ({ id }) => (await world.runs(key, id)).length));
      await world.reconcile({ inMs: 0 });
      expect(await left()).toEqual([1, 1, 1, 1]);
      await world.reconcile();
      expect(await left()).toEqual([0, 0, 1, 1]);
      // Nobody retries it any more.
      await world.reconcile({ keepMs: 100_000 });
      expect(await left()).toEqual([0, 0, 0, 1]);
      expect(await world.engine.isRunning(foreign)).toBe(true);
      await world.engine.cancel(foreign);
    });

    it('G11: delete the instance of a failed process that was archived before its time for a retry was over', async () => {
      const { id, instanceId } = await world.run(key);
      await world.append(id, broken());
      await world.archive();
      expect(await world.processStore.get(id)).toBeNull();
      await world.reconcile();
      expect(await world.runs(key, id)).toEqual([instanceId]);
      await world.reconcile({ keepMs: 100_000 });
      expect(await world.runs(key, id)).toEqual([]);
    });

    it('leave the instance of a refused process while somebody works in it', async () => {
      const { id, instanceId } = await world.run(key);
      await world.append(id, failed());
      const [open] = await world.tasks(instanceId);
      const lock = { workerId: 'elsewhere', lockDuration: 60_000 };
      await world.call('POST', `/external-task/${open?.id}/lock`, lock);
      await world.reconcile();
      expect(await world.runs(key, id)).toEqual([instanceId]);
      await world.call('POST', `/external-task/${open?.id}/unlock`);
      await world.reconcile();
      expect(await world.runs(key, id)).toEqual([]);
    });

    it('G11: repeat a retry whose job was lost, at its step and from the beginning', async () => {
      const stands = await world.run(key);
      const failure = { errorMessage: 'gone', retries: 0, retryTimeout: 0 };
      await world.report(stands.instanceId, 'work', 'failure', failure);
      const gone = await world.run(key);
      await world.engine.cancel(gone.instanceId);
      for (const { id } of [stands, gone]) {
        await world.append(id, broken());
        await world.append(id, retried());
      }
      await world.reconcile();
      expect((await world.tasks(stands.instanceId))[0]?.retries).toBe(1);
      expect((await world.state(stands.id))?.status).toBe('pending');
      const [again] = await world.runs(key, gone.id);
      expect(again).toBeDefined();
      expect(await world.state(gone.id)).toMatchObject({
        status: 'pending',
        processInstanceId: again,
      });
    });

    it('G11: work in batches, each with a line, and one process that fails stops no other', async () => {
      const all = await Promise.all(Array.from({ length: 12 }, () => world.run(key)));
      await Promise.all(all.map(({ instanceId }) => world.engine.cancel(instanceId)));
      const eventStore: EventStore = {
        ...world.eventStore,
        async readStream(correlationId, options) {
          if (correlationId === all[3]?.id) throw new Error('unreadable');
          return world.eventStore.readStream(correlationId, options);
        },
      };
      await world.reconcile({ eventStore, batch: 5 });
      const states = await Promise.all(all.map(({ id }) => world.state(id)));
      expect(states.filter((state) => state?.status === 'error')).toHaveLength(11);
      const batches = world.lines.filter(({ message }) => message.includes('pending processes'));
      expect(batches.length).toBeGreaterThanOrEqual(3);
      expect(world.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
      await world.reconcile();
      expect((await world.state(all[3]?.id ?? ''))?.status).toBe('error');
    });

    it('G11: do nothing but say so in one line with the engine away', async () => {
      const id = await world.request(key);
      const away = createRestEngine({
        baseUrl: `http://127.0.0.1:${await freePort()}/engine-rest`,
      });
      await world.reconcile({ engine: away });
      await away.close();
      expect(await world.types(id)).toEqual(['process-requested']);
      expect(world.lines.map(({ level, message }) => [level, message])).toEqual([
        ['info', 'reconciler: stopped; the next run tries again'],
      ]);
    });

    it('stop when they are told to', async () => {
      const id = await world.request(key);
      await world.reconcile({ signal: AbortSignal.abort() });
      expect(await world.types(id)).toEqual(['process-requested']);
    });
  });
});
