import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreUnavailableError, VersionConflictError } from '../../../domain/common/errors.ts';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import {
  createGroupCommit,
  createGroupCommits,
  type GroupCommit,
} from '../../../infrastructure/sqlite/group-commit.ts';
import { openSqlite } from '../../../infrastructure/sqlite/open.ts';
import { endWithUs, until } from '../../support/children.ts';
import { builtFile } from '../../support/commands.ts';
import { temporaryFolder } from '../../support/databases.ts';
import { requested } from '../../support/events.ts';

/** Transactions in a write-ahead log: frames that say how large the database is after their commit. */
function commitsIn(wal: string): number {
  const bytes = readFileSync(wal);
  // https://sqlite.org/fileformat2.html#the_write_ahead_log
  const pageSize = bytes.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at < bytes.length; at += 24 + pageSize) {
    if (bytes.readUInt32BE(at + 4) > 0) commits++;
  }
  return commits;
}

describe('the group commit', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let file: string;
  let db: BetterSqlite3.Database;
  let other: BetterSqlite3.Database;
  let group: GroupCommit;
  beforeEach(() => {
    folder = temporaryFolder();
    file = join(folder.path, 'test.db');
    db = openSqlite(file);
    db.exec('CREATE TABLE numbers (n INTEGER PRIMARY KEY)');
    other = openSqlite(file);
    group = createGroupCommit(db);
  });
  afterEach(() => {
    db.close();
    other.close();
    folder.remove();
  });

  /** What another connection sees. */
  const seen = (): unknown[] => other.prepare('SELECT n FROM numbers ORDER BY n').pluck().all();
  const insert = (n: number) =>
    group.write(() => db.prepare('INSERT INTO numbers VALUES (?)').run(n));

  it('commits the writes of one turn in one transaction, and gives each its own result', async () => {
    const before = commitsIn(`${file}-wal`);
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        insert(n).then(({ lastInsertRowid }) => lastInsertRowid),
      ),
    );
    expect(commitsIn(`${file}-wal`) - before).toBe(1);
    expect(results).toEqual(Array.from({ length: 100 }, (_, n) => n));
    for (const n of [1_000, 1_001]) await insert(n);
    expect(commitsIn(`${file}-wal`) - before).toBe(3);
  });

  it('bounds a group, and loses none of the writes that must wait for the next', async () => {
    const before = commitsIn(`${file}-wal`);
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => insert(n)));
    expect(commitsIn(`${file}-wal`) - before).toBe(4);
    expect(seen()).toHaveLength(1_000);
  });

  it('rejects a refused write to its caller alone', async () => {
    const refusal = new VersionConflictError('c', 1, 2);
    const before = commitsIn(`${file}-wal`);
    const answers = await Promise.allSettled([
      insert(1),
      group.write(() => {
        throw refusal;
      }),
      insert(2),
    ]);
    expect(answers[1]).toEqual({ status: 'rejected', reason: refusal });
    expect(seen()).toEqual([1, 2]);
    expect(commitsIn(`${file}-wal`) - before).toBe(1);
  });

  it.each([
    ['a constraint', () => db.exec('INSERT INTO numbers VALUES (10), (11), (10)'), /UNIQUE/],
    [
      'a mistake',
      () => {
        db.exec('INSERT INTO numbers VALUES (10)');
        throw new TypeError('a mistake');
      },
      /a mistake/,
    ],
  ])(
    'keeps the rest of a group when one write fails by %s, and writes nothing of that',
    async (_what, work, message) => {
      const answers = [insert(1), group.write(work), insert(2), insert(1), insert(3)];
      const spoilt = expect(answers[1]).rejects.toThrow(message);
      const twice = expect(answers[3]).rejects.toThrow(/UNIQUE/);
      await Promise.all([spoilt, twice, answers[0], answers[2], answers[4]]);
      expect(seen()).toEqual([1, 2, 3]);
    },
  );

  it('calls back after the commit, before anybody else knows', async () => {
    const order: string[] = [];
    await group
      .write(
        () => db.prepare('INSERT INTO numbers VALUES (1)').run().changes,
        (changes) => order.push(`committed ${changes}, seen ${seen().length}`),
      )
      .then(() => order.push('answered'));
    expect(order).toEqual(['committed 1, seen 1', 'answered']);
  });

  it('says when a transaction was rolled back, and not when a write was refused', async () => {
    let rolledBack = 0;
    group.onRolledBack(() => rolledBack++);
    const refused = group.write(() => {
      throw new VersionConflictError('c', 1, 2);
    });
    await expect(refused).rejects.toThrow();
    expect(rolledBack).toBe(0);
    const spoilt = group.write(() => db.exec('INSERT INTO numbers VALUES (10), (10)'));
    await expect(spoilt).rejects.toThrow(/UNIQUE/);
    expect(rolledBack).toBe(1);
  });

  it('G1: syncs a commit that has a synced write, and no other', async () => {
    const { synced, ordered } = createGroupCommits(db);
    const levels: unknown[] = [];
    const write = (to: GroupCommit) =>
      to.write(() => levels.push(db.pragma('synchronous', { simple: true })));
    await write(synced);
    await write(ordered);
    await Promise.all([write(ordered), write(synced), write(ordered)]);
    await write(ordered);
    expect(levels).toEqual([2, 1, 2, 2, 2, 1]);
  });

  it('G10: waits for another writer without blocking the event loop, and loses no write', async () => {
    other.exec('BEGIN IMMEDIATE');
    const answers = Promise.all(Array.from({ length: 600 }, (_, n) => insert(n)));
    let longest = 0;
    let last = performance.now();
    for (let turn = 0; turn < 50; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }
    // SQLite alone would have waited in the loop for five seconds.
    expect(longest).toBeLessThan(2_500);
    other.exec('ROLLBACK');
    await answers;
    expect(seen()).toHaveLength(600);
  });

  it('G10: rejects all writes that another writer keeps out for too long, with nothing written', async () => {
    const impatient = createGroupCommit(db, { timeoutMs: 200 });
    other.exec('BEGIN IMMEDIATE');
    const begin = Date.now();
    // More than one group holds: none waits for the one before it to give up.
    const answers = await Promise.allSettled(
      Array.from({ length: 1_000 }, (_, n) =>
        impatient.write(() => db.prepare('INSERT INTO numbers VALUES (?)').run(n)),
      ),
    );
    expect(Date.now() - begin).toBeLessThan(10_000);
    for (const answer of answers) {
      expect(answer).toMatchObject({ reason: expect.any(StoreUnavailableError) });
    }
    other.exec('ROLLBACK');
    expect(seen()).toEqual([]);
    await insert(1);
    expect(seen()).toEqual([1]);
  });

  it('G10: loses no good write of a failed group that meets another writer', async () => {
    let spoil = true;
    const answers = [
      insert(1),
      group.write(() => {
        // As if another process came in between the group and the first that is done again by itself.
        if (spoil) setImmediate(() => other.exec('ROLLBACK'));
        if (spoil) db.exec('ROLLBACK');
        if (spoil) other.exec('BEGIN IMMEDIATE');
        spoil = false;
        throw new TypeError('a mistake');
      }),
      insert(2),
    ];
    await expect(answers[1]).rejects.toThrow('a mistake');
    await Promise.all([answers[0], answers[2]]);
    expect(seen()).toEqual([1, 2]);
  });

  it('rejects writes to a closed database as unavailable', async () => {
    db.close();
    await expect(insert(1)).rejects.toThrow(StoreUnavailableError);
    await expect(Promise.all([insert(1), insert(2)])).rejects.toThrow(StoreUnavailableError);
  });

  it('G1: has lost nothing that it confirmed as durable after kill -9', async () => {
    const script = await builtFile('test/support/programs/group-writer.ts');
    const child = spawn(process.execPath, [script, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    endWithUs(child);
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await until(() => output.length > 2_000, 'the child writes');
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await closed;
    const confirmed = output.split('\n').slice(0, -1).map(Number);
    expect(confirmed.length).toBeGreaterThan(100);
    const there = new Set(seen());
    expect(confirmed.filter((n) => !there.has(n))).toEqual([]);
  });

  it('G12: commits what was requested before the database is closed', async () => {
    const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
    const closing = await openSqliteDatabase({ ...options, file: join(folder.path, 'whole.db') });
    const appends = Array.from({ length: 600 }, (_, at) =>
      closing.eventStore.append(`c-${at}`, [requested()]),
    );
    await closing.close();
    await Promise.all(appends);
    const again = await openSqliteDatabase({ ...options, file: join(folder.path, 'whole.db') });
    expect((await again.outbox.depth()).rows).toBe(600);
    await again.close();
  });
});

describe('a connection to SQLite', () => {
  it.each([
    ['synced', 2],
    ['ordered', 1],
  ] as const)(
    'that is %s commits with synchronous=%i into the write-ahead log',
    (durability, level) => {
      const folder = temporaryFolder();
      const db = openSqlite(join(folder.path, 'test.db'), durability);
      expect(db.pragma('synchronous', { simple: true })).toBe(level);
      expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
      db.close();
      folder.remove();
    },
  );
});
