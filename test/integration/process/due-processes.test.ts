import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBeginDue } from '../../../domain/engine/begin-due.ts';
import type { Engine, EngineInstance } from '../../../domain/engine/engine.ts';
import { startInstance } from '../../../domain/engine/start-instance.ts';
import type { ProcessEvent } from '../../../domain/process/events.ts';
import { startJobOf } from '../../../jobs/event-jobs.ts';
import { until } from '../../support/children.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { cancelled, completed, requested, started } from '../../support/events.ts';
import { rebuild } from '../../support/rebuild-world.ts';
import { expectVerified } from '../../support/verify.ts';

const HOUR = 3_600_000;
const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();
const log = { debug: () => {}, info: () => {}, warn: () => {} };
const never = new AbortController().signal;

describe.each(databaseKinds())('a process that waits for its time on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await kind.open();
    });
    afterAll(() => database?.destroy());

    async function request(
      startAt: string | undefined,
      ...more: readonly ProcessEvent[]
    ): Promise<string> {
      const id = randomUUID();
      await database.eventStore.append(id, [requested(undefined, startAt), ...more]);
      await database.processStore.project(id);
      return id;
    }
    const dueIds = async (now: string): Promise<string[]> =>
      (await database.dueProcesses.list(now, 100)).map(({ correlationId }) => correlationId);

    it('is listed from that time on, the earliest first, until it has begun or ended', async () => {
      const second = await request(inMs(2 * HOUR));
      const first = await request(inMs(HOUR));
      await request(undefined);
      await request(inMs(-HOUR));
      await request(inMs(HOUR), started());
      await request(inMs(HOUR), cancelled());
      expect(await dueIds(inMs(HOUR / 2))).toEqual([]);
      expect(await dueIds(inMs(1.5 * HOUR))).toEqual([first]);
      expect(await dueIds(inMs(3 * HOUR))).toEqual([first, second]);
      const [cursor] = await database.dueProcesses.list(inMs(3 * HOUR), 1);
      const rest = await database.dueProcesses.list(inMs(3 * HOUR), 100, cursor);
      expect(rest.map(({ correlationId }) => correlationId)).toEqual([second]);
    });

    it('is neither counted as pending nor as slow, and an older one does not hide behind it', async () => {
      const before = await database.processStore.countPending(1_000);
      const waiting = await request(inMs(HOUR));
      expect(await database.processStore.countPending(1_000)).toBe(before);
      await request(undefined);
      expect(await database.processStore.countPending(1_000)).toBe(before + 1);
      const { items } = await database.stuckProcesses.slow(100);
      expect(items.map(({ correlationId }) => correlationId)).not.toContain(waiting);
    });

    it('has taken the time since then when it ends, and none when it is cancelled before', async () => {
      const startAt = inMs(HOUR);
      const ran = await request(startAt, started(), completed());
      const ended = await request(startAt, cancelled());
      expect((await database.processStore.get(ran))?.startedAt).toBe((await endOf(ran)) as string);
      const state = await database.processStore.get(ended);
      expect(state?.startedAt).toBe(state?.completedAt);
      await database.feedRows.head();
      const { items } = await database.rollupSource.page('0', 500);
      const finals = items.filter(({ type }) => type === 'process-completed');
      expect(finals.map(({ requestedAt }) => requestedAt)).toContain(startAt);
    });
    const endOf = async (id: string) => (await database.processStore.get(id))?.completedAt;

    it('G5: is the same after a rebuild, and verified', async () => {
      const waiting = await request(inMs(5 * HOUR));
      const before = await database.processStore.get(waiting);
      await expectVerified(database);
      const store = await database.openRebuild();
      try {
        expect((await rebuild(store)).outcome.kind).toBe('swapped');
      } finally {
        await store.close();
      }
      expect(await database.processStore.get(waiting)).toEqual(before);
      expect(await dueIds(inMs(6 * HOUR))).toContain(waiting);
      await expectVerified(database);
    });

    it('G8: is not archived, however long it waits', async () => {
      const waiting = await request(inMs(5 * HOUR));
      await database.archive.moveBatch({ endedBefore: inMs(24 * HOUR), limit: 1_000 });
      expect((await database.processStore.get(waiting))?.status).toBe('pending');
    });

    it('is begun once by two service instances at the same time, and not before its time', async () => {
      const ids = await Promise.all(Array.from({ length: 5 }, () => request(inMs(9 * HOUR))));
      const engine = engineInMemory();
      const beginAt = (ms: number) => {
        const clock = (): number => Date.now() + ms;
        return createBeginDue({
          ...database,
          clock,
          log,
          publish: async (request) => {
            if (!ids.includes(request.correlationId)) return;
            const ports = { eventStore: database.eventStore, engine, clock };
            await startInstance(startJobOf(request), { attempt: 1 }, ports);
          },
        });
      };
      await beginAt(8.5 * HOUR)(never);
      // A job that comes too early does nothing, wherever it comes from.
      const [early] = await database.eventStore.readStream(ids[0] as string);
      const ports = { eventStore: database.eventStore, engine, clock: Date.now };
      if (early) await startInstance(startJobOf(early), { attempt: 1 }, ports);
      expect(engine.running()).toEqual([]);
      const [one, other] = [beginAt(10 * HOUR), beginAt(10 * HOUR)];
      await Promise.all([one(never), other(never)]);
      const begun = async (id: string) =>
        (await database.eventStore.readStream(id)).filter(({ type }) => type === 'process-started');
      await until(async () => {
        const all = await Promise.all(ids.map(begun));
        return all.every(({ length }) => length === 1) && engine.running().length === ids.length;
      }, 'each has begun once');
      expect(engine.running().sort()).toEqual([...ids].sort());
    });
  });
});

/** As much of an engine as the start of instances needs. */
function engineInMemory() {
  const instances = new Map<string, EngineInstance>();
  const looked = new Map<string, number>();
  const engine = {
    async start(processKey: string, businessKey: string) {
      const processInstanceId = randomUUID();
      const instance = { processInstanceId, processKey, businessKey, state: 'active' };
      instances.set(processInstanceId, instance as EngineInstance);
      return processInstanceId;
    },
    /** Answers when two have looked, so that neither has started yet. */
    async findInstances(_key: string, businessKey: string) {
      const found = [...instances.values()].filter((one) => one.businessKey === businessKey);
      looked.set(businessKey, (looked.get(businessKey) ?? 0) + 1);
      await until(() => (looked.get(businessKey) ?? 0) > 1, 'the other has looked as well');
      return found;
    },
    cancel: async (id: string) => void instances.delete(id),
    running: () => [...instances.values()].map(({ businessKey }) => businessKey ?? ''),
  };
  return engine as typeof engine & Engine;
}
