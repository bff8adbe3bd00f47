import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { StreamArchivedError, VersionConflictError } from '../../../domain/common/errors.ts';
import type { ProcessEvent } from '../../../domain/process/events.ts';
import { fold } from '../../../domain/process/process-state.ts';
import {
  archivedState,
  emptyAfterwards,
  endedProcess,
  expectFolded,
  moveBatch,
  partitionsOf,
  relayAll,
} from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import {
  broken,
  completed,
  requested,
  retried,
  started,
  stepCompleted,
  stepFailed,
} from '../../support/events.ts';

describe.each(databaseKinds())('an archived stream on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterEach(() => emptyAfterwards(database));
    afterAll(() => database?.destroy());

    const read = (id: string) => database.eventStore.readStream(id);
    const move = (limit = 100) => moveBatch(database, limit);

    const archived = async (id: string, first?: ProcessEvent) => {
      const events = await endedProcess(database, id, first);
      await move();
      return events;
    };

    it('G7: is read in parts, and by the keys of its tasks', async () => {
      await archived('parts');
      const { eventStore } = database;
      const part = await eventStore.readStream('parts', { afterVersion: 1, limit: 2 });
      expect(part.map(({ version }) => version)).toEqual([2, 3]);
      const journal = await eventStore.findByDedupePrefix('task:task-of-parts:');
      expect(journal.map(({ type }) => type)).toEqual(['step-completed']);
    });

    it('G7: is found by its trace, in pages with what is live', async () => {
      const { eventStore } = database;
      await endedProcess(database, 'live-1');
      await database.eventStore.append('live-1', [stepCompleted('more')]);
      await archived('gone');
      await endedProcess(database, 'live-2');
      const found: string[] = [];
      for (let afterId = '0'; ; ) {
        const size = { limit: 3, maxBytes: 1_000_000 };
        const { items: page } = await eventStore.findByTrace('trace-1', { afterId, ...size });
        if (page.length === 0) break;
        found.push(...page.map((e) => `${e.correlationId} ${e.version} ${Boolean(e.archivedAt)}`));
        afterId = page.at(-1)?.id ?? '';
      }
      const of = (id: string, count: number, there: boolean, from = 1) =>
        Array.from({ length: count }, (_, at) => `${id} ${at + from} ${there}`);
      expect(found).toEqual([
        ...of('live-1', 5, false),
        ...of('gone', 4, true),
        ...of('live-2', 4, false),
      ]);
    });

    it('G3: a start with its correlation id is a conflict, at its version', async () => {
      await archived('again');
      const append = database.eventStore.append('again', [requested()], { expectedVersion: 0 });
      await expect(append).rejects.toThrow(VersionConflictError);
      await expect(append).rejects.toThrow('stream again is at version 4, not at the expected 0');
    });

    it('G3: a start with its idempotency key gives back its event, whatever the stream', async () => {
      const [first] = await archived('keyed', requested('a-key'));
      await endedProcess(database, 'other');
      for (const id of ['keyed', 'new', 'other']) {
        const again = await database.eventStore.append(id, [requested('a-key')], {
          expectedVersion: 0,
        });
        expect(again.duplicate).toBe(true);
        expect(again.events[0]).toMatchObject({ id: first?.id, correlationId: 'keyed' });
        expect(again.events[0]?.archivedAt).toBeDefined();
      }
    });

    it('G2: keeps the journal of its tasks, and takes no second event of one', async () => {
      await archived('known');
      const again = await database.eventStore.append('known', [
        stepCompleted('task-of-known'),
        completed(),
      ]);
      expect(again).toMatchObject({ duplicate: true, events: [{ version: 3 }] });
      expect(await read('known')).toHaveLength(4);
    });

    it('G3: gets late events in the archive, with the next versions', async () => {
      const { eventStore, processStore, outbox } = database;
      const [first] = await archived('later');
      await endedProcess(database, 'bystander');
      const { events, duplicate } = await eventStore.append('later', [
        stepFailed('t', 1),
        started('instance-2'),
      ]);
      expect(duplicate).toBe(false);
      expect(events.map(({ version }) => version)).toEqual([5, 6]);
      const stream = await read('later');
      expect(stream.slice(4)).toEqual(events.map((event) => JSON.parse(JSON.stringify(event))));
      expect(BigInt(stream[5]?.id ?? 0)).toBeGreaterThan(BigInt(first?.id ?? 0) + 5n);
      expect(await archivedState(database, 'later')).toEqual(fold(stream));
      expect(fold(stream)).toMatchObject({ status: 'ok', processInstanceId: 'instance-2' });
      // It is published like any other, and the projection leaves it where it is.
      const rows = await outbox.claim(10, 0);
      expect(rows.map(({ eventId }) => eventId)).toEqual(events.map(({ id }) => id));
      expect(await processStore.project('later')).toBeNull();
      await eventStore.append('later', [stepCompleted('t')], { expectedVersion: 6 });
      await expectFolded(database, 'later');
      expect((await partitionsOf(database)).get('later')?.events.archived).toHaveLength(7);
      expect((await partitionsOf(database)).get('bystander')?.row.live).toBe(true);
    });

    it('G8: refuses a retry that comes after its process was archived', async () => {
      const { eventStore, processStore } = database;
      await eventStore.append('failed', [requested(), broken()]);
      await processStore.project('failed');
      await relayAll(database);
      await move();
      for (const options of [{ expectedVersion: 2 }, {}]) {
        await expect(eventStore.append('failed', [retried()], options)).rejects.toThrow(
          StreamArchivedError,
        );
      }
      expect(await read('failed')).toHaveLength(2);
    });
  });
});
