import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { ApiKeyRecord } from '../../../domain/access/access.ts';
import { isTransient, StoreUnavailableError } from '../../../domain/common/errors.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import type { PoolLimits } from '../../../infrastructure/sqlserver/connection.ts';
import { openMssqlDatabase } from '../../../infrastructure/sqlserver/database.ts';
import { requested } from '../../support/events.ts';
import { createTestDatabase } from '../../support/mssql.ts';
import { LOGIN, RPC, startTdsProxy, type TdsProxy } from '../../support/tds-proxy.ts';

const serverUrl = inject('mssqlUrl');
const SLOW = 90_000;
const PORTS = [
  'eventStore',
  'outbox',
  'processStore',
  'archive',
  'apiKeys',
  'processKeys',
] as const;
const NOW = '2026-01-31T12:00:00.000Z';
const KEY: ApiKeyRecord = {
  id: '0123456789',
  name: 'away',
  hash: 'x'.repeat(64),
  scopes: ['admin'],
  createdAt: NOW,
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
};

/** A call of everything that the ports offer. */
const CALLS: Readonly<Record<string, (database: Database) => Promise<unknown>>> = {
  'eventStore.append': ({ eventStore }) => eventStore.append('away', [requested()]),
  'eventStore.lastVersion': ({ eventStore }) => eventStore.lastVersion('away'),
  'eventStore.pageStream': ({ eventStore }) =>
    eventStore.pageStream('away', { afterVersion: 0, limit: 10, maxBytes: 1_000_000 }),
  'eventStore.readStream': ({ eventStore }) => eventStore.readStream('away'),
  'eventStore.findByDedupePrefix': ({ eventStore }) => eventStore.findByDedupePrefix('task:'),
  'eventStore.findByTrace': ({ eventStore }) =>
    eventStore.findByTrace('trace', { limit: 5, maxBytes: 1_000_000 }),
  'outbox.claim': ({ outbox }) => outbox.claim(10, 1_000),
  'outbox.remove': ({ outbox }) => outbox.remove(['1']),
  'outbox.release': ({ outbox }) => outbox.release(['1'], 'why', 10),
  'outbox.releaseAll': ({ outbox }) => outbox.releaseAll(),
  'outbox.depth': ({ outbox }) => outbox.depth(),
  'processStore.get': ({ processStore }) => processStore.get('away'),
  'processStore.project': ({ processStore }) => processStore.project('away'),
  'processStore.projectMany': ({ processStore }) => processStore.projectMany(['away', 'gone']),
  'processStore.list': ({ processStore }) =>
    processStore.list({}, { limit: 10, maxBytes: 1_000_000 }),
  'processStore.countPending': ({ processStore }) => processStore.countPending(10),
  'processStore.findUnprojected': ({ processStore }) => processStore.findUnprojected(['away']),
  'processStore.findUnprojectedEvents': ({ processStore }) =>
    processStore.findUnprojectedEvents({ among: 10, limit: 10 }),
  'archive.moveBatch': ({ archive }) => archive.moveBatch({ endedBefore: NOW, limit: 10 }),
  'archive.preview': ({ archive }) => archive.preview(NOW),
  'archive.previewBytes': ({ archive }) => archive.previewBytes(NOW),
  'archive.restore': ({ archive }) => archive.restore('away'),
  'processKeys.find': ({ processKeys }) => processKeys.find(['away', 'gone']),
  'processKeys.add': ({ processKeys }) => processKeys.add('away', 'wrapped', 'master'),
  'processKeys.erase': ({ processKeys }) => processKeys.erase('away'),
  'processKeys.leftInEngine': ({ processKeys }) => processKeys.leftInEngine(5),
  'processKeys.noteGoneFromEngine': ({ processKeys }) => processKeys.noteGoneFromEngine('away'),
  'processKeys.any': ({ processKeys }) => processKeys.any(),
  'processKeys.masterKeys': ({ processKeys }) => processKeys.masterKeys(),
  'processKeys.wrappedBy': ({ processKeys }) => processKeys.wrappedBy('master', 5),
  'processKeys.rewrap': ({ processKeys }) =>
    processKeys.rewrap([
      { correlationId: 'away', from: 'wrapped', wrappedKey: 'rewrapped', masterKey: 'other' },
    ]),
  'apiKeys.add': ({ apiKeys }) => apiKeys.add(KEY),
  'apiKeys.find': ({ apiKeys }) => apiKeys.find(KEY.id),
  'apiKeys.list': ({ apiKeys }) => apiKeys.list(),
  'apiKeys.revoke': ({ apiKeys }) => apiKeys.revoke(KEY.id, NOW),
  'apiKeys.recordUse': ({ apiKeys }) => apiKeys.recordUse(KEY.id, NOW),
  'apiKeys.hasAny': ({ apiKeys }) => apiKeys.hasAny(),
};

/** One test for each way in which a database is away: an error that is not transient is never retried. */
describe.skipIf(serverUrl === null)('a call while SQL Server is away', { timeout: SLOW }, () => {
  let testDatabase: Awaited<ReturnType<typeof createTestDatabase>>;
  let proxy: TdsProxy;
  const opened: Database[] = [];
  beforeAll(async () => {
    testDatabase = await createTestDatabase(serverUrl ?? '');
    proxy = await startTdsProxy(serverUrl ?? '');
  }, SLOW);
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((database) => database.close()));
    proxy.intercept(() => 'pass');
    await proxy.restore();
  });
  afterAll(async () => {
    await proxy?.stop();
    await testDatabase?.drop();
  });

  async function open(limits: Partial<PoolLimits> = {}): Promise<Database> {
    const database = await openMssqlDatabase({
      url: proxy.through(testDatabase.url),
      clock: Date.now,
      leaseMs: 0,
      onAppended: () => {},
      limits,
    });
    opened.push(database);
    return database;
  }

  /** Asks for everything at once, and expects each to be refused as what passes. */
  async function expectAllAway(database: Database): Promise<StoreUnavailableError[]> {
    const errors = await Promise.all(
      Object.entries(CALLS).map(async ([name, call]) => {
        const error = await call(database).then(
          () => 'no error at all',
          (reason: unknown) => reason,
        );
        expect(error, name).toBeInstanceOf(StoreUnavailableError);
        expect(isTransient(error), name).toBe(true);
        return error as StoreUnavailableError;
      }),
    );
    return errors;
  }

  it('is in the list of calls below', async () => {
    const database = await open();
    const offered = PORTS.flatMap((port) =>
      Object.keys(database[port]).map((method) => `${port}.${method}`),
    );
    // There is nothing to scrub on a server: it asks nobody.
    offered.splice(offered.indexOf('processKeys.scrub'), 1);
    expect(Object.keys(CALLS).toSorted()).toEqual(offered.toSorted());
  });

  it('fails as transient when nobody listens', async () => {
    const database = await open();
    await proxy.cut();
    await expectAllAway(database);
    await proxy.restore();
    for (const [name, call] of Object.entries(CALLS)) {
      await expect(call(database), name).resolves.not.toBeInstanceOf(Error);
    }
  });

  it('fails as transient when every connection breaks under its statement', async () => {
    const database = await open();
    proxy.intercept(({ type }) => (type === RPC ? 'lose-request' : 'pass'));
    const errors = await expectAllAway(database);
    expect(errors.map(({ cause }) => String(cause))).not.toContain('undefined');
  });

  it('fails as transient when every login breaks', async () => {
    const database = await open();
    proxy.intercept(({ type }) => (type === LOGIN ? 'lose-request' : 'pass'));
    await proxy.cut();
    await proxy.restore();
    await expectAllAway(database);
  });

  it('fails as transient when no connection comes free', async () => {
    const database = await open({ max: 1, acquireTimeoutMs: 1_000 });
    proxy.intercept(({ type }) => (type === RPC ? 'hang' : 'pass'));
    const all = expectAllAway(database);
    // Those that hang are freed when the others have had their time.
    setTimeout(() => void proxy.cut(), 1_500);
    const errors = await all;
    const messages = errors.map(({ message }) => message);
    expect(messages).toContainEqual(expect.stringMatching(/operation timed out/i));
    expect(messages).toContainEqual(expect.stringMatching(/Timeout acquiring a connection/));
  });

  it('fails as transient when the server lets nobody into the database', async () => {
    const database = await open();
    await proxy.cut();
    await testDatabase.drop();
    await proxy.restore();
    const errors = await expectAllAway(database);
    expect(errors.map(({ message }) => message)).toContainEqual(
      expect.stringContaining(new URL(testDatabase.url).pathname.slice(1)),
    );
  });
});
