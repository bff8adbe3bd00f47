import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { until } from '../support/children.ts';
import { type Cluster, type ClusterDatabase, startCluster } from '../support/cluster.ts';
import { recordedRuns } from '../support/service-recorder.ts';

const engineUrl = inject('engineUrls').operaton;
const KINDS: { name: ClusterDatabase; available: boolean }[] = [
  { name: 'SQLite', available: true },
  { name: 'SQL Server', available: inject('mssqlUrl') !== null },
];
/** Who does what. */
const ROLES = { A: 'api,relay', B: 'api,worker', C: 'projector' } as const;

/** How long a partner is away, in milliseconds. */
const HARM_MS = 2_000;

const typesOf = (events: readonly { type: string }[]) => events.map(({ type }) => type);

describe.each(KINDS)('many instances on $name, Redis and Operaton', ({ name, available }) => {
  describe.skipIf(!available || engineUrl === null || inject('redisUrl') === null)('', () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await startCluster(name, engineUrl ?? '');
      // At the same moment, as a supervisor does.
      await Promise.all(
        Object.entries(ROLES).map(([instance, roles]) => cluster.start(instance, roles)),
      );
    }, 180_000);
    afterAll(() => cluster?.stop());

    const at = (instance: string) => {
      const found = cluster.instances.get(instance);
      if (!found) throw new Error(`no instance ${instance}`);
      return found;
    };

    it('a start on A is executed in B, projected in C, and answers its caller on A and another on B', async () => {
      const body = { correlationId: 'first' };
      const start = at('A').api.start(cluster.key('gated'), { gate: 'first' }, body);
      await until(() => recordedRuns(cluster.folder.path).length === 1, 'B executes it', 30_000);
      const second = at('B').api.status('first', { prefer: 'wait=25' });
      cluster.folder.open('first');
      expect((await start).status).toBe(200);
      expect((await start).body.result).toEqual({ gate: 'first' });
      expect((await second).body).toMatchObject({ status: 'ok', result: { gate: 'first' } });
      const [stream] = await cluster.expectAllWhole(['first']);
      expect(typesOf(stream?.events ?? [])).toContain('process-started');
    }, 120_000);

    it('a cancel or an end on another instance wakes the caller who waits', async () => {
      const gated = cluster.key('gated');
      const never = { gate: 'never' };
      const cancelled = at('A').api.start(gated, never, { correlationId: 'cancelled' });
      const completed = at('B').api.start(gated, never, { correlationId: 'completed' });
      const run = (id: string): boolean =>
        recordedRuns(cluster.folder.path).some(({ correlationId }) => correlationId === id);
      await until(() => run('cancelled') && run('completed'), 'both run', 30_000);
      await at('B').api.post('/api/process/cancelled/cancel', {
        json: { reason: 'ordered twice by mistake' },
      });
      const end = { correlationId: 'completed', status: 'ok', result: { done: true } };
      await at('A').api.post('/api/process/complete', { json: end });
      expect(await cancelled).toMatchObject({ status: 422 });
      expect((await completed).body).toMatchObject({ status: 'ok', result: { done: true } });
      cluster.folder.open('never');
    }, 120_000);

    it('a second relay, worker and projector double no work', async () => {
      await cluster.start('D', 'api,worker,relay,projector');
      const before = recordedRuns(cluster.folder.path).length;
      const load = cluster.load({ readyOnly: true });
      await until(() => load.accepted.length >= 40, 'there is load', 60_000);
      await load.stop();
      expect([...load.refused, ...load.unanswered]).toEqual([]);
      const streams = await cluster.expectAllWhole(load.accepted);
      for (const { correlationId, events } of streams) {
        const started = typesOf(events).filter((type) => type === 'process-started');
        expect(started, correlationId).toHaveLength(1);
      }
      // Not one handler ran twice, and the engine has one instance of each.
      expect(recordedRuns(cluster.folder.path).length - before).toBe(3 * load.accepted.length);
      await until(
        async () => (await cluster.countInstances(load.accepted)) === load.accepted.length,
        'the engine has ended one instance of each',
        30_000,
      );
      at('D').kill('SIGTERM');
      expect(await at('D').ended).toBe(0);
      cluster.instances.delete('D');
    }, 180_000);

    it('G12: a rolling restart under load answers every caller and loses nothing', async () => {
      const load = cluster.load({ readyOnly: true });
      for (const [instance, roles] of Object.entries(ROLES)) {
        const before = load.accepted.length;
        await until(() => load.accepted.length >= before + 5, 'there is load', 60_000);
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

    const kill = (instance: keyof typeof ROLES) => ({
      harm: async () => {
        at(instance).kill('SIGKILL');
        expect(await at(instance).ended).toBe('SIGKILL');
      },
      mend: async () => void (await cluster.start(instance, ROLES[instance])),
    });

    it.each<{ what: string; harm: () => unknown; mend: () => unknown; callersSee: boolean }>([
      { what: 'api and relay killed with -9', ...kill('A'), callersSee: true },
      { what: 'the worker killed with -9', ...kill('B'), callersSee: true },
      { what: 'the projector killed with -9', ...kill('C'), callersSee: false },
      {
        what: 'Redis stopped and started',
        harm: () => cluster.redis.stop(),
        mend: () => cluster.redis.start(),
        callersSee: false,
      },
      {
        what: 'the engine cut off',
        harm: () => cluster.engine.cut(),
        mend: () => cluster.engine.heal(),
        callersSee: false,
      },
      {
        what: 'the engine hanging',
        harm: () => cluster.engine.freeze(),
        mend: () => cluster.engine.heal(),
        callersSee: false,
      },
      {
        what: 'the database away',
        harm: () => cluster.database.away(),
        mend: () => cluster.database.back(),
        callersSee: false,
      },
    ])(
      'G10: $what under load: every accepted start ends once, and no caller hangs',
      async ({ harm, mend, callersSee }) => {
        const load = cluster.load({ readyOnly: false });
        await until(() => load.accepted.length >= 10, 'there is load', 60_000);
        await harm();
        await new Promise((resolve) => setTimeout(resolve, HARM_MS));
        await mend();
        const before = load.accepted.length;
        await until(
          () => load.accepted.length >= before + 10,
          'starts are accepted after it',
          60_000,
        );
        await load.stop();
        expect(load.refused).toEqual([]);
        // Whose instance is killed has a broken connection, and nobody has promised anything.
        if (!callersSee) expect(load.unanswered).toEqual([]);
        expect(load.unanswered.filter((text) => /timeout/i.test(text))).toEqual([]);
        await cluster.expectAllWhole(load.accepted);
      },
      300_000,
    );
  });
});
