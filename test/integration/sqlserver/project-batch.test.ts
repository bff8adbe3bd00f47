import type sql from 'mssql';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { createIdentifierIndex } from '../../../domain/personal-data/identifier-index.ts';
import { readMasterKeys } from '../../../domain/personal-data/master-keys.ts';
import { fold } from '../../../domain/process/process-state.ts';
import { createPool } from '../../../infrastructure/sqlserver/connection.ts';
import { projectBatch } from '../../../infrastructure/sqlserver/project-batch.ts';
import { readMssqlUrl } from '../../../infrastructure/sqlserver/target.ts';
import { emptyAfterwards, moveBatch, relayAll } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { completed, requested, stepCompleted } from '../../support/events.ts';
import { CLEAR_INDEX, identifiersOf } from '../../support/identifiers.ts';
import { instanceOn, MASTER, PERSONAL_EVENTS } from '../../support/personal.ts';
import { rebuild } from '../../support/rebuild-world.ts';

describe.skipIf(inject('mssqlUrl') === null)('a batch of projections on SQL Server', () => {
  let database: TestDatabase;
  let pool: sql.ConnectionPool;
  beforeAll(async () => {
    const kind = databaseKinds().find(({ name }) => name === 'SQL Server');
    if (!kind) throw new Error('no SQL Server');
    database = await kind.open();
    pool = createPool(readMssqlUrl(database.target), {});
    await pool.connect();
  });
  afterEach(() => emptyAfterwards(database));
  afterAll(async () => {
    await pool?.close();
    await database?.destroy();
  });

  it('writes no hash of a process that was erased after its key was read', async () => {
    const index = createIdentifierIndex(database.processKeys, readMasterKeys(MASTER));
    const { requested: start, completed: end } = PERSONAL_EVENTS;
    await instanceOn(database).eventStore.append('met', [start, end]);
    const erasing = {
      ...index,
      async rowsOf(sources: Parameters<typeof index.rowsOf>[0]) {
        const rows = await index.rowsOf(sources);
        await database.processKeys.erase('met');
        return rows;
      },
    };
    expect((await projectBatch(pool, erasing, ['met'])).states).toHaveLength(1);
    expect((await identifiersOf(database, 'met')).live).toEqual(['userId=42']);
  });

  /** Projects, and does something else between its read and its write. */
  async function projectAround(ids: readonly string[], meanwhile: () => Promise<unknown>) {
    let reads = 0;
    return projectBatch(
      {
        request() {
          const request = pool.request();
          const query = request.query.bind(request) as (text: string) => Promise<unknown>;
          const paused = async (text: string): Promise<unknown> => {
            if (reads++ === 1) await meanwhile();
            return query(text);
          };
          return Object.assign(request, { query: paused });
        },
      },
      CLEAR_INDEX,
      ids,
    );
  }

  it('G4: writes the others when one row has changed since it was read', async () => {
    const { eventStore, processStore } = database;
    for (const id of ['a', 'b', 'c', 'd']) await eventStore.append(id, [requested()]);
    await processStore.projectMany(['a', 'b']);
    for (const id of ['a', 'b']) await eventStore.append(id, [stepCompleted(`${id}-1`)]);
    const { states, changed } = await projectAround(['a', 'b', 'c', 'd'], async () => {
      await eventStore.append('b', [stepCompleted('b-2')]);
      await processStore.projectMany(['b', 'd']);
    });
    expect(states.map(({ correlationId }) => correlationId).sort()).toEqual(['a', 'c']);
    expect(changed).toEqual(['b', 'd']);
    for (const id of ['a', 'b', 'c', 'd']) {
      expect(await processStore.get(id)).toEqual(fold(await eventStore.readStream(id)));
    }
  });

  it('G4, G8: inserts no row beside that of a process which was archived since it was read', async () => {
    const { eventStore, processStore } = database;
    for (const id of ['a', 'b']) await eventStore.append(id, [requested(), completed()]);
    await relayAll(database);
    const { states, changed } = await projectAround(['a', 'b'], async () => {
      await processStore.project('a');
      expect(await moveBatch(database, 10)).toMatchObject({ processes: 1 });
    });
    expect(states.map(({ correlationId }) => correlationId)).toEqual(['b']);
    expect(changed).toEqual(['a']);
    expect(await processStore.projectMany(['a'])).toEqual([]);
  });

  it('G4, G5: writes nothing from an old row into a table that a rebuild has swapped in', async () => {
    const { eventStore, processStore, knex } = database;
    await eventStore.append('a', [requested()]);
    await processStore.project('a');
    await knex('process_store').update({ started_at: '2020-01-01T00:00:00.000' });
    await eventStore.append('a', [stepCompleted('a-1')]);
    const store = await database.openRebuild();
    const { changed } = await projectAround(['a'], async () => {
      // The new row has the version that the old one had: only the table differs.
      await rebuild(store);
      await knex('process_store').update({ version: 1 });
    });
    await store.close();
    expect(changed).toEqual(['a']);
    expect(await processStore.get('a')).not.toMatchObject({
      startedAt: '2020-01-01T00:00:00.000Z',
    });
    await knex('process_store').update({ version: 2 });
  });
});
