import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { watchNotices } from '../../../domain/callbacks/index.ts';
import type { ProcessEvent } from '../../../domain/process/index.ts';
import { endedProcess, moveBatch } from '../../support/archive-world.ts';
import {
  type CallbackReceiver,
  type Received,
  startReceiver,
} from '../../support/callback-receiver.ts';
import { createCallbackWorld, verifyAt } from '../../support/callback-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { broken, completed, requested, started, stepFailed } from '../../support/events.ts';

const HOUR = 3_600_000;

describe.each(databaseKinds())('callbacks on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    let receiver: CallbackReceiver;
    let world: ReturnType<typeof createCallbackWorld>;
    const time = { now: Date.now() };
    beforeAll(async () => {
      [database, receiver] = [await open({ clock: () => time.now }), await startReceiver()];
      world = createCallbackWorld(database, receiver, time);
    });
    afterAll(async () => {
      world.close();
      await receiver.close();
      await database.destroy();
    });
    beforeEach(async () => {
      await world.collect();
      await world.sendAll();
      receiver.answer = (_request, response) => response.writeHead(204).end();
      receiver.received.length = 0;
    });

    /** A process whose start asks for a callback. */
    async function process(id: string, ...events: ProcessEvent[]): Promise<void> {
      const start = requested();
      Object.assign(start.data, {
        callback: { url: receiver.url, events: ['step-failed', 'process-completed'] },
      });
      await database.eventStore.append(id, [start, ...events]);
    }
    const fail = (status: number, headers = {}): void => {
      receiver.answer = (_request, response) => response.writeHead(status, headers).end();
    };
    const verify = (secret: string | undefined, one: Received | undefined) =>
      verifyAt(time.now, secret, one);
    const typesOf = () => receiver.received.map(({ type }) => type);
    const parked = () => world.subscriptions.deliveries({ status: 'parked' }, 10);

    it('G16: a start gets the events that it asked for, in their order, each signed', async () => {
      await process('asked', started(), stepFailed('task-asked', 1), completed());
      await database.eventStore.append('unasked', [requested(), started(), completed()]);
      await world.collect();
      // A second collector, and one that was late, add nothing.
      await world.collect();
      expect(await world.sendAll()).toEqual(['delivered', 'delivered']);
      expect(typesOf()).toEqual(['step-failed', 'process-completed']);
      const answer = await world.subscriptions.secrets(`callback:${receiver.host}`, 'ada');
      if (answer.kind !== 'known') throw new Error('no secret');
      const [failed, ended] = receiver.received.map((one) =>
        verify(answer.secrets[0]?.secret, one),
      );
      expect(failed).toMatchObject({
        type: 'step-failed',
        timestamp: expect.any(String),
        data: {
          correlationId: 'asked',
          status: 'pending',
          version: 3,
          error: { step: 'run-background-check' },
        },
      });
      expect(ended).toMatchObject({
        data: {
          status: 'ok',
          processKey: 'onboard-user',
          batchId: 'batch-1',
          result: expect.anything(),
        },
      });
      const other = `whsec_${Buffer.alloc(32).toString('base64')}`;
      expect(() => verify(other, receiver.received[0])).toThrow('No matching signature');
      expect(await database.deliveryStore.counts()).toMatchObject({ pending: 0, parked: 0 });
    });

    it('G16: subscriptions get what is committed after them, of their definition, until they are removed', async () => {
      await database.eventStore.append('before', [requested(), started(), broken()]);
      const { url } = receiver;
      const wanted = { url, events: ['process-failed'] as const };
      const all = await world.subscriptions.create(wanted, 'ada');
      const others = { ...wanted, processKey: 'another' };
      const none = await world.subscriptions.create(others, 'ada');
      await database.eventStore.append('after', [requested(), started(), broken()]);
      await world.collect();
      await world.sendAll();
      expect(receiver.received.map(({ data }) => data.correlationId)).toEqual(['after']);
      const { id } = all.subscription;
      expect((await world.subscriptions.list()).map((one) => one.id)).toContain(id);
      expect(await world.subscriptions.remove(id, 'eve')).toBe(true);
      expect(await world.subscriptions.remove(none.subscription.id, 'eve')).toBe(true);
      expect(await world.subscriptions.remove(id, 'eve')).toBe(false);
      await database.eventStore.append('later', [requested(), started(), broken()]);
      await world.collect();
      expect(await world.sendAll()).toEqual([]);
      const log = await database.auditLog.list({ subject: id }, { limit: 10 });
      expect(log.map(({ action, outcome, actor }) => `${action} ${outcome} ${actor}`)).toEqual([
        'subscription-remove refused eve',
        'subscription-remove begun eve',
        'subscription-remove done eve',
        'subscription-remove begun eve',
        'subscription-create done ada',
        'subscription-create begun ada',
      ]);
    });

    it('G16: a failed delivery is tried again later, and the next one of its process waits for it', async () => {
      await process('ordered', started(), stepFailed('task-ordered', 1), completed());
      fail(500);
      await world.collect();
      expect(await world.sendAll()).toEqual(['failed']);
      expect(typesOf()).toEqual(['step-failed']);
      const [kept] = await world.subscriptions.deliveries({ correlationId: 'ordered' }, 1);
      expect(kept).toMatchObject({ attempts: 1, status: 'pending', lastError: 'it answered 500' });
      receiver.answer = (_request, response) => response.writeHead(204).end();
      expect(await world.sendAll()).toEqual([]);
      time.now += 5_000;
      expect(await world.sendAll()).toEqual(['delivered', 'delivered']);
      expect(typesOf()).toEqual(['step-failed', 'step-failed', 'process-completed']);
      // The same id at each try.
      expect(receiver.received[0]?.id).toBe(receiver.received[1]?.id);
    });

    it('G16: a delivery is parked after its last try, listed, and sent again by a replay', async () => {
      await process('parked', started(), stepFailed('task-parked', 1), completed());
      fail(302, { location: `http://${receiver.host}/elsewhere` });
      await world.collect();
      const outcomes: string[] = [];
      for (let hour = 0; hour < 3; hour++) {
        outcomes.push(...(await world.sendAll()));
        time.now += HOUR;
      }
      // The end waits for the failure of the step, until that is parked.
      expect(outcomes).toEqual(['failed', 'failed', 'parked', 'failed']);
      const [first] = await parked();
      expect(first).toMatchObject({
        type: 'step-failed',
        attempts: 3,
        lastError: 'it answered 302: redirects are not followed',
      });
      receiver.answer = (_request, response) => response.writeHead(200).end('x'.repeat(200_000));
      receiver.received.length = 0;
      expect(await world.subscriptions.replay({ id: String(first?.id) }, 'ada')).toBe(1);
      expect(await world.subscriptions.replay({ id: String(first?.id) }, 'ada')).toBe(0);
      await world.sendAll();
      expect(typesOf().sort()).toEqual(['process-completed', 'step-failed']);
      expect(await parked()).toEqual([]);
    });

    it('a receiver that is gone parks at once, and Retry-After is waited for', async () => {
      await process('gone', started(), completed());
      await world.collect();
      fail(503, { 'retry-after': '3600' });
      expect(await world.sendAll()).toEqual(['failed']);
      time.now += HOUR - 1_000;
      expect(await world.sendAll()).toEqual([]);
      time.now += 1_000;
      fail(410);
      expect(await world.sendAll()).toEqual(['parked']);
      const target = `callback:${receiver.host}`;
      expect(await world.subscriptions.replay({ target }, 'ada')).toBe(1);
      const [entry] = await database.auditLog.list({ action: 'replay-deliveries' }, { limit: 1 });
      expect(entry).toMatchObject({ outcome: 'done', details: { replayed: 1 } });
    });

    it('two secrets are valid while one is rotated, and both sign', async () => {
      const { subscription } = await world.subscriptions.create({ url: receiver.url }, 'ada');
      const { id } = subscription;
      const secretsOf = async (how: 'secrets' | 'rotate' | 'retire') => {
        const answer = await world.subscriptions[how](id, 'ada');
        if (answer.kind === 'unknown') throw new Error('unknown');
        return { kind: answer.kind, secrets: answer.secrets.map(({ secret }) => secret) };
      };
      const before = await secretsOf('secrets');
      expect((await secretsOf('retire')).kind).toBe('refused');
      const both = await secretsOf('rotate');
      expect(both.secrets).toEqual([expect.stringMatching(/^whsec_/), before.secrets[0]]);
      expect((await secretsOf('rotate')).kind).toBe('refused');
      await database.eventStore.append('rotated', [requested(), started(), completed()]);
      await world.collect();
      await world.sendAll();
      const [one] = receiver.received;
      for (const secret of both.secrets) {
        expect(verify(secret, one)).toMatchObject({ type: 'process-completed' });
      }
      expect(await secretsOf('retire')).toEqual({ kind: 'known', secrets: [both.secrets[0]] });
      await world.subscriptions.remove(id, 'ada');
      expect((await world.subscriptions.rotate('callback:evil:80', 'ada')).kind).toBe('unknown');
    });

    it('G16: an archived process is delivered, and one that was purged says so', async () => {
      await endedProcess(database, 'archived');
      const { subscription } = await world.subscriptions.create({ url: receiver.url }, 'ada');
      await endedProcess(database, 'old');
      await endedProcess(database, 'purged');
      await world.collect();
      time.now += 1_000 * 24 * HOUR;
      const before = new Date(time.now + HOUR).toISOString();
      expect((await moveBatch(database, 100, before)).processes).toBeGreaterThan(1);
      for (const table of ['event_log', 'event_log_archive']) {
        await database.knex(table).where('correlation_id', 'purged').delete();
      }
      await world.sendAll();
      const data = receiver.received.map((one) => one.data);
      expect(data).toContainEqual(expect.objectContaining({ correlationId: 'old', status: 'ok' }));
      expect(data).toContainEqual({
        correlationId: 'purged',
        processKey: expect.any(String),
        purged: true,
      });
      await world.subscriptions.remove(subscription.id, 'ada');
    });

    it('G16: slow processes and jobs that failed finally are notified of once each', async () => {
      const events = ['process-slow', 'job-failed'] as const;
      const { subscription } = await world.subscriptions.create(
        { url: receiver.url, events },
        'ada',
      );
      const slow = {
        correlationId: 'slow-one',
        processName: 'onboard-user',
        processInstanceId: null,
        currentStep: 'x',
        startedAt: new Date(time.now).toISOString(),
        ageMs: 9,
        p99Ms: 1,
        slowAfterMs: 1,
      };
      const letter = {
        id: 'start-instance:7',
        name: 'start-instance' as const,
        correlationId: 'of-failed-job',
        eventId: '7',
        attempts: 10,
        error: 'secret words',
        failedAt: new Date(time.now).toISOString(),
      };
      const ports = {
        subscriptions: database.subscriptionStore,
        deliveries: database.deliveryStore,
        hosts: world.hosts,
        slowProcesses: async () => [slow],
        deadLetters: { list: async () => [letter] },
        processKeyOf: async () => 'onboard-user',
      };
      const look = () => watchNotices(ports, new AbortController().signal);
      expect([await look(), await look()]).toEqual([2, 0]);
      expect(await world.sendAll()).toEqual(['delivered', 'delivered']);
      expect(await look()).toBe(0);
      const found = receiver.received.map(({ type, data }) => [type, data.correlationId]);
      expect(found.sort()).toEqual([
        ['job-failed', 'of-failed-job'],
        ['process-slow', 'slow-one'],
      ]);
      expect(JSON.stringify(receiver.received)).not.toContain('secret words');
      await world.subscriptions.remove(subscription.id, 'ada');
    });

    it('G16: a page that was read before a subscription was created is read again with it', async () => {
      const { deliveryStore } = database;
      const before = await deliveryStore.state();
      const { subscription } = await world.subscriptions.create({ url: receiver.url }, 'ada');
      expect(await deliveryStore.collect(before, '999999', [])).toBe(false);
      expect(await deliveryStore.state()).toMatchObject({ position: before.position });
      await world.subscriptions.remove(subscription.id, 'ada');
    });

    it('two claims at the same time take each delivery once', async () => {
      for (let at = 0; at < 8; at++) await process(`claimed-${at}`, started(), completed());
      await world.collect();
      const { deliveryStore } = database;
      const hiddenUntil = new Date(time.now + 60_000).toISOString();
      const claims = await Promise.all(
        ['a', 'b', 'c'].map((token) =>
          deliveryStore.claim({ limit: 16, token, hiddenUntil, exceptHosts: [] }),
        ),
      );
      const ids = claims.flat().map(({ id }) => id);
      expect(ids).toHaveLength(8);
      expect(new Set(ids).size).toBe(8);
      await deliveryStore.releaseAll();
      expect(await world.sendAll()).toHaveLength(8);
    });
  });
});
