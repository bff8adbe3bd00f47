import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { until } from '../support/children.ts';
import { type Cluster, type ClusterDatabase, startCluster } from '../support/cluster.ts';
import { clusterFaults } from '../support/cluster-faults.ts';
import { readMetrics } from '../support/metrics.ts';
import { timedRuns } from '../support/queues.ts';
import { serverUrl } from '../support/servers.ts';
import { recordedRuns } from '../support/service-recorder.ts';

const hasRedis = (await serverUrl('redis')) !== null;
const engineUrl = await serverUrl('operaton');
/** On SQL Server only the tests that concern the database: Redis and the engine are the same. */
const KINDS: { name: ClusterDatabase; available: boolean; brief: boolean }[] = [
  { name: 'SQLite', available: true, brief: false },
  { name: 'SQL Server', available: inject('mssqlUrl') !== null, brief: true },
];
/** The roles of each instance. */
const ROLES = { A: 'api,relay', B: 'api,worker', C: 'projector' } as const;

/**
 * Locks as long as in production, until the rolling restart. On a slow machine a short lock expires while its owner is
 * alive, and its work is then rightly done again.
 */
const LONG_LOCKS = { LOCK_DURATION_MS: '30000', JOB_LOCK_MS: '30000', OUTBOX_LEASE_MS: '30000' };
/** How many starts must be accepted while a partner is away. */
const ACCEPTED_MEANWHILE = 10;
/** The longest time from the return of Redis to the notification of an end; callers wait for 25 s. */
const NOTIFY_TIMEOUT_MS = 12_000;

const typesOf = (events: readonly { type: string }[]) => events.map(({ type }) => type);

describe.each(KINDS)(
  'many instances on $name, Redis and Operaton',
  ({ name, available, brief }) => {
    describe.skipIf(!available || engineUrl === null || !hasRedis)('', () => {
      let cluster: Cluster;
      beforeAll(async () => {
        cluster = await startCluster(name, engineUrl ?? '');
        // All at the same time, as a supervisor does.
        await Promise.all(
          Object.entries(ROLES).map(([instance, roles]) =>
            cluster.start(instance, roles, LONG_LOCKS),
          ),
        );
      });
      afterAll(() => cluster?.stop());

      const at = (instance: string) => {
        const found = cluster.instances.get(instance);
        if (!found) throw new Error(`no instance ${instance}`);
        return found;
      };

      it('a start on A is executed in B, projected in C, and answers its caller on A and another on B', async () => {
        const body = { correlationId: 'first' };
        const start = at('A').api.start(cluster.key('gated'), { gate: 'first' }, body);
        await until(() => recordedRuns(cluster.folder.path).length === 1, 'B executes it');
        const second = at('B').api.status('first', { prefer: 'wait=25' });
        cluster.folder.open('first');
        expect((await start).status).toBe(200);
        expect((await start).body.result).toEqual({ gate: 'first' });
        expect((await second).body).toMatchObject({ status: 'ok', result: { gate: 'first' } });
        const [stream] = await cluster.expectAllWhole(['first']);
        expect(typesOf(stream?.events ?? [])).toContain('process-started');
      });

      it('a cancel or an end on another instance answers the waiting caller', async () => {
        const gated = cluster.key('gated');
        const never = { gate: 'never' };
        const cancelled = at('A').api.start(gated, never, { correlationId: 'cancelled' });
        const completed = at('B').api.start(gated, never, { correlationId: 'completed' });
        const run = (id: string): boolean =>
          recordedRuns(cluster.folder.path).some(({ correlationId }) => correlationId === id);
        await until(() => run('cancelled') && run('completed'), 'both run');
        await at('B').api.post('/api/process/cancelled/cancel', {
          json: { reason: 'ordered twice by mistake' },
        });
        const end = { correlationId: 'completed', status: 'ok', result: { done: true } };
        await at('A').api.post('/api/process/complete', { json: end });
        cluster.expectFailure('cancelled');
        expect(await cancelled).toMatchObject({ status: 422 });
        expect((await completed).body).toMatchObject({ status: 'ok', result: { done: true } });
        cluster.folder.open('never');
      });

      it('a second relay, worker and projector double no work', async () => {
        await cluster.start('D', 'api,worker,relay,projector', LONG_LOCKS);
        const before = recordedRuns(cluster.folder.path).length;
        const load = cluster.load({ readyOnly: true });
        await until(() => load.accepted.length >= 40, 'there is load');
        await load.stop();
        expect([...load.refused, ...load.unanswered]).toEqual([]);
        const streams = await cluster.expectAllWhole(load.accepted);
        for (const { correlationId, events } of streams) {
          const started = typesOf(events).filter((type) => type === 'process-started');
          expect(started, correlationId).toHaveLength(1);
        }
        // No handler ran twice, and the engine has one instance of each process.
        expect(recordedRuns(cluster.folder.path).length - before).toBe(3 * load.accepted.length);
        await until(
          async () => (await cluster.countInstances(load.accepted)) === load.accepted.length,
          'the engine has ended one instance of each',
        );
        await cluster.retire('D');
      });

      it.skipIf(brief)(
        'G11: reconcilers on several instances never run at the same time and correct no process twice',
        async () => {
          const eager = { ...LONG_LOCKS, RECONCILE_AFTER_MS: '1000' };
          await Promise.all(['D', 'E'].map((one) => cluster.start(one, 'worker', eager)));
          const ids = ['a', 'b', 'c', 'd'].map((one) => `deleted-${one}`);
          const body = (correlationId: string) => ({ correlationId });
          const async = { prefer: 'respond-async' };
          for (const id of ids) {
            cluster.expectFailure(id);
            await at('A').api.start(cluster.key('gated'), { gate: 'deleted' }, body(id), async);
          }
          const started = () => recordedRuns(cluster.folder.path).map((run) => run.correlationId);
          await until(() => ids.every((id) => started().includes(id)), 'all run');
          for (const id of ids) await cluster.deleteInstance(id);
          for (const id of ids) {
            await until(
              async () => (await at('A').api.status(id)).body.error?.code === 'INSTANCE_DELETED',
              'the reconciler ends it',
            );
          }
          const runs = await until(async () => {
            const ended = await timedRuns(cluster.redis.url(), 'reconcile-processes');
            return ended.length >= 10 && ended;
          }, 'runs follow each other');
          // The runs of all instances follow each other, and are not more than the schedule requires.
          for (const [index, run] of runs.entries()) {
            const next = runs[index + 1];
            if (next) expect(next.began).toBeGreaterThanOrEqual(run.ended);
          }
          const [first, last] = [runs[0]?.began ?? 0, runs.at(-1)?.began ?? 0];
          expect(runs.length).toBeLessThanOrEqual((last - first) / 500 + 2);
          const corrected = [...cluster.instances.values()].flatMap(({ output }) =>
            output()
              .split('\n')
              .filter((line) => line.includes('"msg":"reconciler: corrected a process"'))
              .map((line) => JSON.parse(line) as { correlationId: string; what: string })
              // Corrections of slow starts are not counted here.
              .filter(({ what }) => what.startsWith('ended')),
          );
          expect(corrected.map(({ correlationId }) => correlationId).sort()).toEqual(ids);
          cluster.folder.open('deleted');
          await Promise.all(['D', 'E'].map((one) => cluster.retire(one)));
          await cluster.expectAllWhole(ids);
        },
      );

      it('G6: after an outage of Redis every waiting caller is answered on every instance', async () => {
        const gated = cluster.key('gated');
        const wait = { prefer: 'wait=25' };
        const late = at('A').api.start(gated, { gate: 'late' }, { correlationId: 'late' }, wait);
        const other = { gate: 'nobody', deaf: false };
        const second = at('A').api.start(gated, other, { correlationId: 'second' }, wait);
        const run = (id: string): boolean =>
          recordedRuns(cluster.folder.path).some(({ correlationId }) => correlationId === id);
        await until(() => run('late') && run('second'), 'both run');
        const onOther = at('B').api.status('late', wait);
        const waiting = async (instance: string) =>
          (await readMetrics(at(instance).url)).value('waiting');
        await until(async () => (await waiting('A')) === 2, 'two wait on A');
        await until(async () => (await waiting('B')) === 1, 'one waits on B');

        await cluster.redis.stop();
        // Both end on B, which cannot notify the other instances.
        cluster.folder.open('late');
        const end = { correlationId: 'second', status: 'ok', result: { ended: true } };
        expect((await at('B').api.post('/api/process/complete', { json: end })).status).toBe(200);
        await until(
          async () => typesOf(await cluster.events('late')).includes('process-completed'),
          'it ends without Redis',
        );
        await cluster.redis.start();
        const back = Date.now();
        expect((await late).body).toMatchObject({ status: 'ok', result: { gate: 'late' } });
        expect((await second).body).toMatchObject({ status: 'ok', result: { ended: true } });
        expect((await onOther).body).toMatchObject({ status: 'ok', result: { gate: 'late' } });
        // By a notification, and not by the last read when their wait timed out.
        expect(Date.now() - back).toBeLessThan(NOTIFY_TIMEOUT_MS);
        cluster.folder.open('nobody');
        await cluster.expectAllWhole(['late', 'second']);
      });

      it('starts for a time begin once each, with two workers that look for them', async () => {
        await cluster.start('D', 'api,worker', LONG_LOCKS);
        const startAt = new Date(Date.now() + 1_500).toISOString();
        const ids = Array.from({ length: 10 }, (_, number) => `timed-${number}`);
        await Promise.all(
          ids.map(async (correlationId, number) => {
            const { api } = at(number % 2 === 0 ? 'A' : 'D');
            const body = { correlationId, startAt };
            const answer = await api.start(cluster.key('counted'), { number }, body);
            expect(answer.status).toBe(202);
          }),
        );
        const streams = await cluster.expectAllWhole(ids);
        for (const { correlationId, events } of streams.filter((one) =>
          ids.includes(one.correlationId),
        )) {
          const [begun, ...others] = events.filter(({ type }) => type === 'process-started');
          expect(others, correlationId).toEqual([]);
          expect((begun?.createdAt ?? '') >= startAt, correlationId).toBe(true);
        }
        // The last step is reported to the engine after it is in the log.
        await until(
          async () => (await cluster.countInstances(ids)) >= ids.length,
          'the engine has ended them',
        );
        expect(await cluster.countInstances(ids)).toBe(ids.length);
        await cluster.retire('D');
      });

      it('G12: a rolling restart under load answers every caller and loses nothing', async () => {
        const load = cluster.load({ readyOnly: true });
        for (const [instance, roles] of Object.entries(ROLES)) {
          const before = load.accepted.length;
          await until(() => load.accepted.length >= before + 5, 'there is load');
          const old = at(instance);
          old.kill('SIGTERM');
          expect(await old.ended, instance).toBe(0);
          expect(old.output()).not.toContain('not stopped cleanly');
          await cluster.start(instance, roles);
        }
        await load.stop();
        expect(load.unanswered).toEqual([]);
        expect(load.refused).toEqual([]);
        await cluster.expectAllWhole(load.accepted);
      }, 240_000);

      const faults = clusterFaults(() => cluster, ROLES);
      it.each(brief ? faults.filter(({ onDatabase }) => onDatabase) : faults)(
        'G10: $what under load: every accepted start ends once, and no caller hangs',
        async ({ begin, end, hasEffect, breaksCallers }) => {
          const load = cluster.load({ readyOnly: false });
          await until(() => load.accepted.length >= 10, 'there is load');
          await begin();
          const soFar = load.accepted.length;
          const meanwhile = (): boolean => load.accepted.length >= soFar + ACCEPTED_MEANWHILE;
          const isVisible = (): boolean => (hasEffect ? hasEffect(load) : meanwhile());
          await until(isVisible, 'the fault has an effect');
          await end();
          const before = load.accepted.length;
          await until(() => load.accepted.length >= before + 10, 'starts are accepted after it');
          await load.stop();
          expect(load.refused).toEqual([]);
          // A caller of a killed instance gets no answer, so nothing was accepted.
          if (!breaksCallers) expect(load.unanswered).toEqual([]);
          expect(load.unanswered.filter((text) => /timeout/i.test(text))).toEqual([]);
          await cluster.expectAllWhole(load.accepted);
        },
        300_000,
      );
    });
  },
);
