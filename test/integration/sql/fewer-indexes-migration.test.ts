import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrationSource } from '../../../migrations/index.ts';
import { migrateUp } from '../../../migrations/migrate.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { completed, requested } from '../../support/events.ts';
import { rebuild } from '../../support/rebuild-world.ts';
import { expectVerified } from '../../support/verify.ts';

const NAME = '0010-fewer-indexes';

interface Index {
  name: string;
  columns: string;
  isUnique: boolean;
}

const OLD: Index[] = [
  { name: 'idx_correlation_id', columns: 'correlation_id', isUnique: false },
  { name: 'idx_status', columns: 'status', isUnique: false },
  { name: 'idx_status_updated_at', columns: 'status,updated_at,correlation_id', isUnique: false },
  { name: 'uq_event_log_version', columns: 'correlation_id,version', isUnique: true },
];
const NEW: Index[] = [
  { name: 'idx_correlation_id', columns: 'correlation_id,version', isUnique: true },
  { name: 'idx_status', columns: 'status,updated_at,correlation_id', isUnique: false },
];

/** The indexes of both releases, those that are there; on SQLite under whichever of a rebuild's two names. */
async function indexesOf(knex: Knex): Promise<Index[]> {
  const rows: { name: string; isUnique: number | boolean; column: string }[] =
    knex.client.dialect === 'mssql'
      ? await knex.raw(`SELECT i.name, i.is_unique AS isUnique, c.name AS [column]
          FROM sys.indexes AS i
          JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
          JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
          WHERE i.object_id IN (OBJECT_ID('event_log'), OBJECT_ID('process_store'))
            AND ic.is_included_column = 0
            AND NOT (i.object_id = OBJECT_ID('event_log') AND i.name LIKE 'idx[_]status%')
          ORDER BY i.name, ic.key_ordinal`)
      : await knex.raw(`SELECT m.name, l."unique" AS isUnique, i.name AS "column"
          FROM sqlite_master AS m JOIN pragma_index_list(m.tbl_name) AS l ON l.name = m.name
          JOIN pragma_index_info(m.name) AS i
          WHERE m.type = 'index' AND m.tbl_name IN ('event_log', 'process_store')
          ORDER BY m.name, i.seqno`);
  const found = new Map<string, Index>();
  for (const { name: ownName, isUnique, column } of rows) {
    const name = nameIn(ownName);
    if (name === undefined) continue;
    const columns = [...(found.get(name)?.columns.split(',') ?? []), column].join(',');
    found.set(name, { name, columns, isUnique: Boolean(isUnique) });
  }
  return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Its name without what a rebuild on SQLite adds; a server that is not SQL Server itself adds the table and a hash. */
function nameIn(ownName: string): string | undefined {
  const names = OLD.map(({ name }) => name).filter((name) => ownName.startsWith(name));
  return names.sort((one, other) => other.length - one.length)[0];
}

describe.each(databaseKinds())('the migration to fewer indexes on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await kind.open();
    });
    afterAll(() => database?.destroy());

    const down = () => database.knex.migrate.down({ migrationSource, name: NAME } as never);
    /** A row with the columns that must be there. */
    const insertVersion = (version: number) =>
      database.knex('event_log').insert({
        ...{ correlation_id: 'one', version, event_type: 'step-completed', schema_version: 4 },
        ...{ step_name: 's', status: 'ok' },
      });
    const outbox = () =>
      database.knex('outbox').select('event_id', 'correlation_id').orderBy('event_id');

    it('keeps events, their order and their outbox rows, and takes no version twice, there and back', async () => {
      const { knex, eventStore, processStore } = database;
      await eventStore.append('one', [requested(), completed()]);
      await eventStore.append('two', [requested()]);
      for (const id of ['one', 'two']) await processStore.project(id);
      const rows = await outbox();
      expect(rows).toHaveLength(3);
      for (const [migrate, indexes] of [
        [async () => {}, NEW],
        [down, OLD],
        [() => migrateUp(knex), NEW],
      ] as const) {
        await migrate();
        expect(await indexesOf(knex)).toEqual(indexes);
        await expect(insertVersion(2)).rejects.toThrow(/unique|duplicate/i);
        expect(await outbox()).toEqual(rows);
        await expectVerified(database);
      }
      expect((await eventStore.append('one', [requested()])).events).toMatchObject([
        { version: 3 },
      ]);
      await processStore.project('one');
      await expectVerified(database);
    });

    // On SQL Server a rebuild keeps the names; servers that only speak T-SQL lose them, for every statement on an index.
    it.skipIf(kind.name !== 'SQLite')(
      'finds the indexes of a table that a rebuild has made',
      async () => {
        const { knex } = database;
        await down();
        const store = await database.openRebuild();
        await rebuild(store);
        await store.close();
        expect(await indexesOf(knex)).toEqual(OLD);
        await migrateUp(knex);
        expect(await indexesOf(knex)).toEqual(NEW);
        await down();
        expect(await indexesOf(knex)).toEqual(OLD);
        await migrateUp(knex);
        await expectVerified(database);
      },
    );

    it('drops an interrupted rebuild, whose tables have the old indexes', async () => {
      await down();
      const rebuild = await database.openRebuild();
      await rebuild.saveCheckpoint(JSON.stringify({ run: 'broken off' }), null);
      await rebuild.createShadows();
      await migrateUp(database.knex);
      expect(await rebuild.checkpoint()).toBeNull();
      expect(await rebuild.hasShadows()).toBe(false);
      await rebuild.close();
    });
  });
});

describe('the outbox on SQLite', () => {
  it('has its key as the rowid: no index of its own', async () => {
    const database = await databaseKinds()[0]?.open();
    const indexes = await database?.knex.raw('PRAGMA index_list(outbox)');
    expect(indexes).toMatchObject([{ name: 'idx_outbox_available_at' }]);
    await database?.destroy();
  });
});
