import sql from 'mssql';
import { expect, vi } from 'vitest';
import type { Database } from '../../infrastructure/sql/database.ts';
import { completed, requested, stepCompleted } from './events.ts';

/** A statement of the adapters, and how many messages it may take. */
export interface Statement {
  name: string;
  run: (database: Database) => Promise<unknown>;
  /** Messages to the server. */
  trips: number;
  /** A text that one of the messages must contain. */
  contains?: RegExp;
}

/** In this order: each statement works on the result of the one before. */
export const STATEMENTS: readonly Statement[] = [
  {
    name: 'append, to a new stream',
    run: ({ eventStore }) => eventStore.append('t', [requested('key')], { expectedVersion: 0 }),
    trips: 1,
    contains: /sp_getapplock @Resource = @correlation_id, @LockMode = 'Exclusive'/,
  },
  {
    name: 'append of several events, with keys and without',
    run: ({ eventStore }) => eventStore.append('t', [stepCompleted('t'), completed()]),
    trips: 1,
  },
  { name: 'readStream', run: ({ eventStore }) => eventStore.readStream('t'), trips: 1 },
  {
    name: 'readStream of a part',
    run: ({ eventStore }) => eventStore.readStream('t', { afterVersion: 1, limit: 1 }),
    trips: 1,
  },
  {
    name: 'findByDedupePrefix',
    run: ({ eventStore }) => eventStore.findByDedupePrefix('task:t:'),
    trips: 1,
  },
  {
    name: 'findByTrace',
    run: ({ eventStore }) => eventStore.findByTrace('trace-1', { limit: 5, maxBytes: 1_000_000 }),
    trips: 1,
  },
  {
    name: 'claim',
    run: ({ outbox }) => outbox.claim(10, 60_000),
    trips: 1,
    contains: /FROM outbox WITH \(READPAST, UPDLOCK, ROWLOCK\)/,
  },
  {
    name: 'release',
    run: ({ outbox }) => outbox.release(['1'], 'why', 10),
    trips: 1,
    contains: /SELECT CAST\(value AS BIGINT\) FROM OPENJSON\(@ids\)/,
  },
  {
    name: 'remove',
    run: ({ outbox }) => outbox.remove(['1', '2', '3']),
    trips: 1,
    contains: /SELECT CAST\(value AS BIGINT\) FROM OPENJSON\(@ids\)/,
  },
  {
    name: 'project, for the first time',
    run: ({ processStore }) => processStore.project('t'),
    trips: 2,
    contains: /INSERT INTO process_store/,
  },
  {
    name: 'project, again',
    run: async ({ eventStore, processStore }) => {
      await eventStore.append('t', [stepCompleted('t2')]);
      await processStore.project('t');
    },
    trips: 3,
    contains:
      /process_store\.correlation_id = given\.correlation_id AND process_store\.version = given\.known/,
  },
  {
    name: 'projectMany, new processes and known ones',
    run: async ({ eventStore, processStore }) => {
      await eventStore.append('t', [stepCompleted('t3')]);
      for (const id of ['u', 'v']) await eventStore.append(id, [requested()]);
      const states = await processStore.projectMany(['v', 't', 'u', 'nobody']);
      expect(states.map(({ correlationId }) => correlationId).sort()).toEqual(['t', 'u', 'v']);
    },
    trips: 5,
    contains: /EXEC @lock = sp_getapplock @Resource = @stream1, @LockMode = 'Exclusive'/,
  },
  { name: 'get', run: ({ processStore }) => processStore.get('t'), trips: 1 },
  {
    name: 'moveBatch',
    run: async ({ archive, outbox }) => {
      const rows = await outbox.claim(100, 0);
      await outbox.remove(rows.map(({ eventId }) => eventId));
      const endedBefore = new Date(Date.now() + 3_600_000).toISOString();
      const moved = await archive.moveBatch({ endedBefore, limit: 10 });
      expect(moved.processes).toBe(1);
    },
    trips: 4,
    contains: /DELETE FROM event_log\s+OUTPUT deleted\.id, .*\s+INTO event_log_archive/,
  },
  {
    name: 'processKeys.add',
    run: ({ processKeys }) => processKeys.add('t', 'wrapped', 'master'),
    trips: 1,
    contains: /WHERE NOT EXISTS \(SELECT 1 FROM process_key/,
  },
  { name: 'processKeys.find', run: ({ processKeys }) => processKeys.find(['t', 'u']), trips: 1 },
  {
    name: 'processKeys.rewrap',
    run: async ({ processKeys }) => {
      const change = { correlationId: 't', from: 'wrapped', wrappedKey: 'n', masterKey: 'other' };
      expect(await processKeys.rewrap([change])).toBe(1);
      expect(await processKeys.rewrap([change]), 'wrapped by the first call').toBe(0);
    },
    trips: 2,
  },
  {
    name: 'processKeys.masterKeys, wrappedBy',
    run: async ({ processKeys }) => {
      expect(await processKeys.masterKeys()).toEqual(['other']);
      expect(await processKeys.wrappedBy('other', 5)).toHaveLength(1);
    },
    trips: 3,
  },
  { name: 'processKeys.erase', run: ({ processKeys }) => processKeys.erase('t'), trips: 1 },
  {
    name: 'processKeys.leftInEngine, noteGoneFromEngine',
    run: async ({ processKeys }) => {
      expect(await processKeys.leftInEngine(5)).toEqual(['t']);
      await processKeys.noteGoneFromEngine('t');
      expect(await processKeys.leftInEngine(5)).toEqual([]);
    },
    trips: 3,
  },
  {
    name: 'append, to an archived stream',
    run: ({ eventStore }) => eventStore.append('t', [stepCompleted('late')]),
    trips: 1,
  },
];

/**
 * Expects that bulk loads declare exactly the nullable columns as nullable. SQL Server refuses anything else; servers
 * that speak T-SQL without being SQL Server accept it.
 */
export async function expectTrueBulkLoads(
  pool: sql.ConnectionPool,
  work: () => Promise<unknown>,
): Promise<string[]> {
  const bulk = vi.spyOn(sql.Request.prototype, 'bulk');
  try {
    await work();
    const tables = bulk.mock.calls.map(([table]) => table as sql.Table);
    for (const { name = '', columns } of tables) {
      const { recordset } = await pool.request().query(
        `SELECT COLUMN_NAME AS name FROM INFORMATION_SCHEMA.COLUMNS
           WHERE IS_NULLABLE = 'YES' AND TABLE_NAME = '${name.replace('_rebuild', '')}'`,
      );
      const withNull = recordset.map((row) => row.name);
      const loaded = columns.map((column) => ({ name: column.name, nullable: column.nullable }));
      expect(loaded, name).toEqual(
        loaded.map((column) => ({ name: column.name, nullable: withNull.includes(column.name) })),
      );
    }
    return [...new Set(tables.map(({ name }) => String(name)))].sort();
  } finally {
    bulk.mockRestore();
  }
}
