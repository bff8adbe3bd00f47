import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { fold, type ProcessState } from '../../../domain/process/process-state.ts';
import { createInProcessNotifier } from '../../../infrastructure/in-process/notifier.ts';
import { projectProcess } from '../../../jobs/project-process.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import {
  cancelled,
  completed,
  failed,
  requested,
  started,
  stepCompleted,
} from '../../support/events.ts';

const upTo = (limit: number) => ({ limit, maxBytes: 1_000_000 });

describe.each(databaseKinds())('the projection on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database?.destroy());

    it('G4: leaves the fold of the stream after every job twice, in reverse and concurrently', async () => {
      const { eventStore, processStore } = database;
      const notifier = createInProcessNotifier();
      const published: ProcessState[] = [];
      notifier.subscribe((state) => published.push(state));
      const ids = Array.from({ length: 12 }, (_, at) => `g4-${at}`);
      const jobs: string[] = [];
      for (const [at, id] of ids.entries()) {
        const end = [completed(), failed(), cancelled()][at % 3] ?? completed();
        for (const event of [requested(), stepCompleted(`${id}-a`), started(), end]) {
          await eventStore.append(id, [event]);
          jobs.push(id, id);
          if (at % 2 === 0) await projectProcess({ correlationId: id }, { processStore, notifier });
        }
      }
      await Promise.all(
        jobs
          .reverse()
          .map((correlationId) => projectProcess({ correlationId }, { processStore, notifier })),
      );
      for (const id of ids) {
        const expected = fold(await eventStore.readStream(id));
        expect(await processStore.get(id)).toEqual(expected);
        expect(published.filter((state) => state.correlationId === id).at(-1)).toEqual(expected);
      }
    });

    it('G4: works while events are appended, and ends up at the last one', async () => {
      const { eventStore, processStore } = database;
      const writing = (async () => {
        for (let at = 0; at < 40; at++)
          await eventStore.append('live', [stepCompleted(`live-${at}`)]);
      })();
      const projecting = Array.from({ length: 4 }, async () => {
        for (let at = 0; at < 20; at++) await processStore.project('live');
      });
      await Promise.all([writing, ...projecting]);
      await processStore.project('live');
      expect(await processStore.get('live')).toMatchObject({ version: 40 });
    });

    it('gives nothing for a stream without events', async () => {
      expect(await database.processStore.project('nobody')).toBeNull();
      expect(await database.processStore.get('nobody')).toBeNull();
    });

    it('finds the processes that process_store does not have yet', async () => {
      const { eventStore, processStore, archive } = database;
      for (const id of ['late', 'projected', 'archived']) {
        await eventStore.append(id, [requested(), completed()]);
      }
      await processStore.project('projected');
      await processStore.project('archived');
      const ids = ['late', 'projected', 'archived', 'nobody'];
      expect(await processStore.findUnprojected(ids)).toEqual(['late']);
      await archive.moveBatch({ endedBefore: '2999-01-01T00:00:00.000Z', limit: 500 });
      expect(await processStore.findUnprojected(ids)).toEqual(['late']);
      await processStore.project('late');
      expect(await processStore.findUnprojected(ids)).toEqual([]);
      expect(await processStore.findUnprojected([])).toEqual([]);
    });

    it('lists by filter, newest first, page by page without gap or repetition', async () => {
      const { eventStore, processStore } = database;
      for (let at = 0; at < 7; at++) {
        const id = `list-${at}`;
        const event = { ...(at % 2 ? failed() : completed()), processName: 'listed' };
        await eventStore.append(id, [event]);
        await processStore.project(id);
      }
      const all = (await processStore.list({ processName: 'listed' }, upTo(100))).items;
      expect(all).toHaveLength(7);
      const paged: ProcessState[] = [];
      for (;;) {
        const last = paged.at(-1);
        const after = last && { updatedAt: last.updatedAt, correlationId: last.correlationId };
        const page = (await processStore.list({ processName: 'listed' }, upTo(2), after)).items;
        if (page.length === 0) break;
        paged.push(...page);
      }
      expect(paged).toEqual(all);
      const errors = (
        await processStore.list({ processName: 'listed', status: 'error' }, upTo(100))
      ).items;
      expect(errors.map((state) => state.correlationId).sort()).toEqual([
        'list-1',
        'list-3',
        'list-5',
      ]);
      const [newest] = all;
      const since = await processStore.list(
        { processName: 'listed', from: newest?.updatedAt },
        upTo(100),
      );
      expect(since.items[0]).toEqual(newest);
      const before = await processStore.list(
        { processName: 'listed', to: all.at(-1)?.updatedAt },
        upTo(100),
      );
      expect(before.items).toEqual([]);
    });
  });
});
