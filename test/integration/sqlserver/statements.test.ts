import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Database } from '../../../infrastructure/sql/database.ts';
import {
  columnTypes,
  declarations,
  openProxied,
  type ProxiedDatabase,
} from '../../support/mssql.ts';
import { STATEMENTS } from '../../support/sql-server-statements.ts';
import { RPC, type TdsMessage, type TdsProxy } from '../../support/tds-proxy.ts';

const serverUrl = inject('mssqlUrl');

/** Parameters that are not named after a column. Keys are compared as the varchar that they are. */
const OTHER_TYPES: Readonly<Record<string, string>> = {
  key: 'varchar(255)',
  from: 'varchar(255)',
  to: 'varchar(255)',
  trace: 'varchar(255)',
  afterId: 'bigint',
  until: 'bigint',
  after: 'int',
  expected: 'int',
  known: 'int',
  table_id: 'int',
  count: 'int',
  limit: 'int',
  lease: 'int',
  longest: 'int',
  delay: 'int',
  stream: 'varchar(255)',
  before: 'datetime2(3)',
  after_time: 'datetime2(3)',
  after_id: 'varchar(255)',
  late_instance: 'varchar(64)',
  reopens: 'int',
  content: 'varchar(64)',
  replaced: 'varchar(255)',
  last_master_key: 'varchar(32)',
  // JSON of numbers, each cast before it is compared.
  ids: 'nvarchar(max)',
};

/** What the statements declare themselves, and sp_executesql's own. */
const VARIABLES = [
  ...['duplicate', 'version', 'now', 'at', 'taken', 'statement', 'params', 'ROWCOUNT'],
  ...['lock', 'Resource', 'LockMode', 'LockOwner', 'LockTimeout'],
  ...['archived', 'chosen', 'processes', 'events', 'previous', 'epoch', 'hash', 'erased'],
];

describe.skipIf(serverUrl === null)('the statements on SQL Server', () => {
  let world: ProxiedDatabase;
  let proxy: TdsProxy;
  let database: Database;
  let columns: Map<string, string>;
  beforeAll(async () => {
    world = await openProxied(serverUrl ?? '');
    ({ proxy, database } = world);
    columns = await columnTypes(database);
    // Connections of both pools, so that no login is among what is counted.
    await database.processStore.get('warm');
    expect(await database.verification.count()).toBe(0);
  });
  afterAll(async () => {
    await world?.close();
  });

  /** What was sent to the server meanwhile. */
  async function sentBy(run: () => Promise<unknown>): Promise<TdsMessage[]> {
    const before = proxy.messages.length;
    await run();
    return proxy.messages.slice(before);
  }

  it.each(STATEMENTS)(
    '$name takes $trips round trips and binds every parameter as its column is',
    async ({ run, trips, contains }) => {
      const sent = await sentBy(() => run(database));
      expect(sent.map(({ type }) => type)).toEqual(Array.from({ length: trips }, () => RPC));
      for (const { text } of sent) {
        const bound = declarations(text);
        // None is overlooked: what is no parameter is a variable of the statement itself.
        const mentioned = new Set([...text.matchAll(/@(\w+)/g)].map(([, name = '']) => name));
        // In front of a text of 64 characters, such as a hash, stands its length, which is an @.
        const unbound = [...mentioned]
          .filter((name) => !(name in bound) && !/^[0-9a-f]{64}$/.test(name))
          .map((name) => name.replace(/\d+$/, ''));
        expect(VARIABLES).toEqual(expect.arrayContaining(unbound));
        for (const [parameter, type] of Object.entries(bound)) {
          const name = parameter.replace(/\d+$/, '');
          expect(`${parameter} ${type}`).toBe(
            `${parameter} ${OTHER_TYPES[name] ?? columns.get(name)}`,
          );
        }
      }
      if (contains) expect(sent.map(({ text }) => text).join('\n')).toMatch(contains);
    },
  );

  it('cast every text in the list that is compared with a key or a time', async () => {
    const filter = {
      status: 'ok',
      processName: 'onboard-user',
      currentStep: 'one',
      from: '2026-01-01T00:00:00.000Z',
      to: '2027-01-01T00:00:00.000Z',
    } as const;
    const after = { updatedAt: '2026-06-01T00:00:00.000Z', correlationId: 't' };
    const [sent] = await sentBy(() =>
      database.processStore.list(filter, { limit: 10, maxBytes: 1_000_000 }, after),
    );
    const text = sent?.text ?? '';
    const texts = Object.entries(declarations(text)).filter(([, type]) => /char/.test(type));
    expect(texts).toHaveLength(9);
    for (const [name] of texts) {
      expect(text).toMatch(new RegExp(`CAST\\(@${name} AS (VARCHAR\\(255\\)|DATETIME2\\(3\\))\\)`));
    }
  });
});
