import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VersionConflictError } from '../../../domain/common/errors.ts';
import {
  openSqliteDatabase,
  type SqliteDatabase,
} from '../../../infrastructure/sqlite/database.ts';
import { createRecentStreams } from '../../../infrastructure/sqlite/recent-streams.ts';
import { moveBatch, relayAll } from '../../support/archive-world.ts';
import { temporaryFolder } from '../../support/databases.ts';
import { completed, requested, started, stepCompleted } from '../../support/events.ts';
import { expectVerified } from '../../support/verify.ts';

describe('the streams that a sole appender keeps in memory', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let file: string;
  let database: SqliteDatabase;
  const open = (isOnlyAppender: boolean) =>
    openSqliteDatabase({ file, clock: Date.now, leaseMs: 0, onAppended: () => {}, isOnlyAppender });
  beforeEach(async () => {
    folder = temporaryFolder();
    file = join(folder.path, 'test.db');
    database = await open(true);
  });
  afterEach(async () => {
    await database.close();
    folder.remove();
  });

  /** What the database has is gone: an answer that is right anyway was in memory. */
  function emptyTheLog(): void {
    const other = new BetterSqlite3(file);
    other.exec('DELETE FROM event_log');
    other.close();
  }

  it('answers the reads of a process that runs without the database, as the database would', async () => {
    const { eventStore } = database;
    await eventStore.append('a', [requested()], { expectedVersion: 0 });
    await eventStore.append('a', [started()]);
    await eventStore.append('a', [stepCompleted('t1'), stepCompleted('t2')]);
    const reads = async (store = eventStore) => ({
      all: await store.readStream('a'),
      later: await store.readStream('a', { afterVersion: 2 }),
      first: await store.readStream('a', { limit: 1 }),
      middle: await store.readStream('a', { afterVersion: 1, limit: 2 }),
      task: await store.findByDedupePrefix('task:t2:', 'a'),
      none: await store.findByDedupePrefix('task:t3:', 'a'),
    });
    const other = await open(false);
    const fromDatabase = await reads(other.eventStore);
    await other.close();
    expect(await reads()).toEqual(fromDatabase);
    emptyTheLog();
    expect(await reads()).toEqual(fromDatabase);
  });

  it('ask the database about a process that has ended, for the archive may take it', async () => {
    const { eventStore } = database;
    await eventStore.append('a', [requested(), started(), completed()]);
    await eventStore.append('a', [stepCompleted('late')]);
    expect(await eventStore.readStream('a')).toHaveLength(4);
    emptyTheLog();
    expect(await eventStore.readStream('a')).toEqual([]);
  });

  it('are not used when other processes may append', async () => {
    const other = await open(false);
    await other.eventStore.append('a', [requested()]);
    await database.eventStore.append('a', [started()]);
    expect(await other.eventStore.readStream('a')).toHaveLength(2);
    await other.close();
  });

  it('G3: know nothing of an append that was refused', async () => {
    const { eventStore } = database;
    await eventStore.append('a', [requested()]);
    const refused = eventStore.append('a', [started()], { expectedVersion: 0 });
    await expect(refused).rejects.toThrow(VersionConflictError);
    expect(await eventStore.readStream('a')).toHaveLength(1);
  });

  it('G3: number appends of one turn without gaps, and refuse a wrong version, with what the transaction wrote', async () => {
    const { eventStore } = database;
    const appended = await Promise.all([
      eventStore.append('a', [requested()], { expectedVersion: 0 }),
      eventStore.append('a', [started()]),
      eventStore.append('a', [stepCompleted('t1')], { expectedVersion: 2 }),
      eventStore.append('a', [stepCompleted('t2')], { expectedVersion: 2 }).catch((e) => e),
      eventStore.append('a', [stepCompleted('t3')]),
    ]);
    expect(appended[3]).toBeInstanceOf(VersionConflictError);
    const { knex } = database;
    expect(await knex('event_log').pluck('version')).toEqual([1, 2, 3, 4]);
    await expectVerified(database);
  });

  it('G3: answer a known dedupe key with its event, and write nothing of that append', async () => {
    const { eventStore, knex } = database;
    const [first] = (await eventStore.append('a', [requested()], { expectedVersion: 0 })).events;
    const [done] = (await eventStore.append('a', [stepCompleted('t1')])).events;
    for (const [id, events, expectedVersion] of [
      ['a', [stepCompleted('t1')], undefined],
      ['a', [stepCompleted('t1')], 2],
      ['a', [stepCompleted('t1')], 1],
      ['b', [stepCompleted('t1')], 0],
      ['a', [stepCompleted('t2'), stepCompleted('t1')], undefined],
    ] as const) {
      const appended = eventStore.append(id, events, { expectedVersion });
      expect(await appended).toEqual({ events: [done], duplicate: true });
    }
    const start = { ...requested(), dedupeKey: 'start:1' };
    await eventStore.append('c', [start], { expectedVersion: 0 });
    expect(await eventStore.append('d', [start], { expectedVersion: 0 })).toMatchObject({
      duplicate: true,
      events: [{ correlationId: 'c' }],
    });
    expect(await knex('event_log').pluck('id')).toEqual([Number(first?.id), Number(done?.id), 3]);
    expect(await knex('outbox').count({ rows: '*' })).toEqual([{ rows: 3 }]);
    expect((await eventStore.append('a', [started()])).events).toMatchObject([{ version: 3 }]);
    await expectVerified(database);
  });

  it('G3: do not know what a transaction wrote that was rolled back', async () => {
    const { eventStore, writer } = database;
    await eventStore.append('a', [requested()], { expectedVersion: 0 });
    // Written in a transaction that is rolled back, and then in one of its own.
    const appended = eventStore.append('a', [started()]);
    const broken = writer.synced.write(() => {
      throw new Error('not a refusal');
    });
    await expect(broken).rejects.toThrow('not a refusal');
    expect((await appended).events).toMatchObject([{ version: 2 }]);
    await expectVerified(database);
  });

  it('G4: project a running process as its events in the database would', async () => {
    const { eventStore, processStore } = database;
    await eventStore.append('a', [requested(), started(), stepCompleted('t1')]);
    await processStore.project('a');
    const projected = await processStore.get('a');
    const other = await open(false);
    await other.eventStore.append('b', [requested(), started(), stepCompleted('t9')]);
    await other.processStore.project('b');
    const { correlationId, startedAt, updatedAt, ...same } =
      (await other.processStore.get('b')) ?? {};
    expect(projected).toMatchObject(same);
    await other.close();
  });

  it('G4: project the end of a process from memory, once', async () => {
    const { eventStore, processStore, knex } = database;
    await eventStore.append('a', [requested(), started(), stepCompleted('t1')]);
    await eventStore.append('a', [completed()]);
    // Only the last event is left: its stream is live, and what precedes it must come from memory.
    await knex('event_log').where('version', '<', 4).delete();
    const projected = await processStore.project('a');
    expect(projected).toMatchObject({ status: 'ok', version: 4, processName: 'onboard-user' });
    expect(await processStore.get('a')).toEqual(projected);
    await knex('process_store').delete();
    expect(await processStore.project('a')).not.toEqual(projected);
  });

  it('G8: project nothing of a process that has ended and is in the archive by now', async () => {
    const { eventStore, processStore, knex } = database;
    await eventStore.append('a', [requested(), completed()]);
    const other = await open(false);
    await other.processStore.project('a');
    await relayAll(other);
    expect(await moveBatch(other, 10)).toMatchObject({ processes: 1 });
    await other.close();
    await processStore.project('a');
    expect(await knex('process_store')).toEqual([]);
    expect(await knex('process_store_archive').pluck('correlation_id')).toEqual(['a']);
    await expectVerified(database);
  });

  it('G4: project what follows the end of a process', async () => {
    const { eventStore, processStore } = database;
    await eventStore.append('a', [requested(), started(), completed()]);
    await eventStore.append('a', [stepCompleted('late')]);
    expect(await processStore.project('a')).toMatchObject({ status: 'ok', version: 4 });
    await expectVerified(database);
  });

  it('leave memory, the least recently used first, when they hold more than their bytes', async () => {
    const recent = createRecentStreams(10_000);
    const event = { type: 'process-requested', version: 1 } as never;
    for (let at = 0; at < 20; at++) recent.add(`s${at}`, [event], 1_000);
    expect(recent.get('s0')).toBeUndefined();
    expect(recent.get('s19')).toHaveLength(1);
    const kept = Array.from({ length: 20 }, (_, at) => recent.get(`s${at}`)).filter(Boolean);
    expect(kept).toHaveLength(5);
  });
});
