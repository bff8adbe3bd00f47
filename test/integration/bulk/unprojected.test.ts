import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBulk } from '../../../domain/bulk/index.ts';
import type { ProcessEvent, UnprojectedEvent } from '../../../domain/process/index.ts';
import { bulkPortsOn, bulkRequest, bulkRunsOn, typesOf } from '../../support/bulk-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { broken, requested, started } from '../../support/events.ts';

const { signal } = new AbortController();
/** With two events each more than two pages of what is projected. */
const PROCESSES = 120;

describe.each(databaseKinds())('bulk runs on $name', ({ available, open }) => {
  describe.skipIf(!available)('when events are not projected yet', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database?.destroy());

    const append = (id: string, processName: string, ...events: ProcessEvent[]) =>
      database.eventStore.append(
        id,
        events.map((event) => ({ ...event, processName })),
      );
    async function startMany(processName: string): Promise<string[]> {
      const ids = Array.from({ length: PROCESSES }, (_, at) => `${processName}-${at}`);
      await Promise.all(ids.map((id) => append(id, processName, requested(), started())));
      expect(await database.processStore.list({ processName }, { limit: 1, maxBytes: 1 })).toEqual({
        items: [],
        atEnd: true,
      });
      return ids;
    }
    const begin = (processName: string, given: Partial<typeof bulkRequest> = {}) =>
      bulkRunsOn(database).begin({ ...bulkRequest, filter: { processName }, ...given });

    /** The ports, with the pages of events that were asked for: `before`, and what was found. */
    function recordedPorts(logged: string[] = [], onPage = async () => {}) {
      const ports = bulkPortsOn(database, logged);
      const pages: { before: string | undefined; found: UnprojectedEvent[] }[] = [];
      const processStore: typeof ports.processStore = {
        ...ports.processStore,
        async findUnprojectedEvents(options) {
          const found = await ports.processStore.findUnprojectedEvents(options);
          pages.push({ before: options.before, found });
          await onPage();
          return found;
        },
      };
      return { ports: { ...ports, processStore }, pages };
    }
    const lastOf = (page: { found: UnprojectedEvent[] } | undefined) => page?.found.at(-1)?.eventId;

    it('cancel all that were started just before the call', async () => {
      const ids = await startMany('started');
      const { id } = await begin('started');
      const { ports, pages } = recordedPorts();
      await runBulk(ports, signal);
      expect(await database.bulkStore.get(id)).toMatchObject({ status: 'done', found: PROCESSES });
      for (const one of ids) expect(await typesOf(database, one)).toContain('process-cancelled');
      // Each page begins where the one before it ended, and the last one is empty.
      expect(pages.map(({ before }) => before)).toEqual([
        undefined,
        ...pages.slice(0, -1).map(lastOf),
      ]);
      expect(pages.length).toBeGreaterThan(2);
      expect(pages.at(-1)?.found).toEqual([]);
    });

    it('count all that were started just before the call in a dry run', async () => {
      await startMany('counted');
      const { id } = await begin('counted', { dryRun: true });
      await runBulk(bulkPortsOn(database, []), signal);
      expect(await database.bulkStore.get(id)).toMatchObject({ status: 'done', found: PROCESSES });
    });

    it('retry what failed just before the call', async () => {
      await append('failed', 'failed', requested(), started());
      await database.processStore.project('failed');
      await append('failed', 'failed', broken());
      expect(await database.processStore.get('failed')).toMatchObject({ status: 'pending' });
      const { id } = await begin('failed', { action: 'retry' });
      await runBulk(bulkPortsOn(database, []), signal);
      expect(await database.bulkStore.get(id)).toMatchObject({ status: 'done', found: 1 });
      expect(await typesOf(database, 'failed')).toContain('process-retried');
    });

    it('are stopped while they project, share the time, and resume where they were', async () => {
      const ids = await startMany('stopped');
      const first = await begin('stopped');
      await append('other', 'other', requested(), started());
      const second = await begin('other');
      const stopped = recordedPorts([], async () => {
        await bulkRunsOn(database).stop(first.id, 'eve');
      });
      await runBulk(stopped.ports, signal);
      expect(await database.bulkStore.get(first.id)).toMatchObject({ status: 'stopped', found: 0 });
      expect(await database.bulkStore.get(second.id)).toMatchObject({ status: 'done', found: 1 });
      // The second run had its turn after the first page of the first run.
      expect(stopped.pages.slice(0, 2).map(({ before }) => before)).toEqual([undefined, undefined]);
      await bulkRunsOn(database).resume(first.id, 'eve');
      const resumed = recordedPorts();
      await runBulk(resumed.ports, signal);
      expect(resumed.pages[0]?.before).toBe(lastOf(stopped.pages[0]));
      for (const one of ids) expect(await typesOf(database, one)).toContain('process-cancelled');
    });

    it('do not read the newest events when they restore: what is archived has a row', async () => {
      await begin('restored', { action: 'restore' });
      const { ports, pages } = recordedPorts();
      await runBulk(ports, signal);
      expect(pages).toEqual([]);
    });

    it('find all others when a process cannot be projected, and log that', async () => {
      for (const id of ['odd', 'even']) await append(id, 'odd', requested(), started());
      const odd = database.knex('event_log').where({ correlation_id: 'odd' });
      await odd.update({ event_type: 'odd' });
      const { id } = await begin('odd');
      const logged: string[] = [];
      await runBulk(bulkPortsOn(database, logged), signal);
      expect(logged).toEqual(['bulk: a process cannot be projected, and may not be found']);
      expect(await database.bulkStore.get(id)).toMatchObject({ status: 'done', found: 1 });
      expect(await typesOf(database, 'even')).toContain('process-cancelled');
    });
  });
});
