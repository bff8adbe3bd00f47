import type BetterSqlite3 from 'better-sqlite3';
import type { Clock } from '../../domain/common/index.ts';
import type { ProcessKeys } from '../../domain/personal-data/index.ts';
import { fromKeyRow, KEY_COLUMNS, type KeyRow } from '../sql/process-key-row.ts';
import { IDENTIFIER_TABLES } from '../sql/process-tables.ts';
import { createGroupCommit, type GroupCommit } from './group-commit.ts';
import { emptyLog, openSqlite } from './open.ts';
import { tableExists } from './shadow-tables.ts';

interface SqliteProcessKeys extends ProcessKeys {
  close(): void;
}

/**
 * The keys of personal data on SQLite. A new key waits with the appends of its turn for their commit.
 *
 * A destroyed key must be gone from the file, too. So everything that moves rows of the table overwrites the old bytes
 * with zeros: here when a page is split, and over a second connection when a key is destroyed or wrapped again. Zeroing
 * everything that an archive run deletes would double its writes
 * (https://sqlite.org/pragma.html#pragma_secure_delete).
 */
export function createSqliteProcessKeys(options: {
  file: string;
  db: BetterSqlite3.Database;
  groupCommit: GroupCommit;
  clock: Clock;
}): SqliteProcessKeys {
  const { file, db, groupCommit, clock } = options;
  db.pragma('secure_delete = FAST');
  const now = (): string => new Date(clock()).toISOString();
  const one = db.prepare<[string], KeyRow>(
    `SELECT ${KEY_COLUMNS} FROM process_key WHERE correlation_id = ?`,
  );
  const many = db.prepare<[string], KeyRow>(
    `SELECT ${KEY_COLUMNS} FROM process_key
     WHERE correlation_id IN (SELECT value FROM json_each(?))`,
  );
  const insert = db.prepare(
    `INSERT INTO process_key (correlation_id, wrapped_key, master_key, created_at)
     VALUES (?, ?, ?, ?) ON CONFLICT (correlation_id) DO NOTHING`,
  );
  const any = db.prepare('SELECT 1 FROM process_key LIMIT 1');
  const nextMaster = db
    .prepare<[string], string | null>(
      'SELECT MIN(master_key) FROM process_key WHERE master_key IS NOT NULL AND master_key > ?',
    )
    .pluck();
  const ofMaster = db.prepare<[string, number], KeyRow>(
    `SELECT ${KEY_COLUMNS} FROM process_key WHERE master_key = ? LIMIT ?`,
  );
  const left = db
    .prepare<[number], string>(
      `SELECT correlation_id FROM process_key
       WHERE erased_at IS NOT NULL AND engine_erased_at IS NULL ORDER BY erased_at LIMIT ?`,
    )
    .pluck();
  const noteGone = db.prepare(
    `UPDATE process_key SET engine_erased_at = ?
     WHERE correlation_id = ? AND erased_at IS NOT NULL AND engine_erased_at IS NULL`,
  );
  let opened: ReturnType<typeof openZeroing> | undefined;
  const zeroing = () => {
    opened ??= openZeroing(file);
    return opened;
  };

  return {
    async find(correlationIds) {
      const [id = ''] = correlationIds;
      const rows =
        correlationIds.length === 1 ? one.all(id) : many.all(JSON.stringify(correlationIds));
      return rows.map(fromKeyRow);
    },
    add: (correlationId, wrappedKey, masterKey) =>
      groupCommit.write(() => {
        insert.run(correlationId, wrappedKey, masterKey, now());
        const row = one.get(correlationId);
        if (!row) throw new Error(`the key of ${correlationId} was not written`);
        return fromKeyRow(row);
      }),
    erase(correlationId) {
      const { group, erase, removeHashes } = zeroing();
      return group.write(() => {
        const at = now();
        removeHashes(correlationId);
        if (erase.run(at, correlationId).changes > 0) return { kind: 'erased', erasedAt: at };
        const erasedAt = one.get(correlationId)?.erased_at;
        return erasedAt ? { kind: 'erased-before', erasedAt } : { kind: 'no-key' };
      });
    },
    leftInEngine: async (limit) => left.all(limit),
    noteGoneFromEngine: (correlationId) =>
      groupCommit.write(() => void noteGone.run(now(), correlationId)),
    any: async () => any.get() !== undefined,
    async masterKeys() {
      const found: string[] = [];
      for (;;) {
        const next = nextMaster.get(found.at(-1) ?? '');
        if (!next) return found;
        found.push(next);
      }
    },
    wrappedBy: async (masterKey, limit) => ofMaster.all(masterKey, limit).map(fromKeyRow),
    rewrap(keys) {
      const { group, rewrap } = zeroing();
      return group.write(() => {
        let changed = 0;
        for (const { correlationId, from, wrappedKey, masterKey } of keys) {
          changed += rewrap.run(wrappedKey, masterKey, correlationId, from).changes;
        }
        return changed;
      });
    },
    scrub: () => emptyLog(zeroing().db),
    close: () => opened?.db.close(),
  };
}

function openZeroing(file: string) {
  const db = openSqlite(file);
  const group = createGroupCommit(db);
  db.pragma('secure_delete = ON');
  return {
    db,
    group,
    /** Removes the hashes of personal identifiers from the tables, and from those of a rebuild. */
    removeHashes(correlationId: string): void {
      for (const table of IDENTIFIER_TABLES) {
        if (!tableExists(db, table)) continue;
        db.prepare(`DELETE FROM ${table} WHERE correlation_id = ? AND is_hashed = 1`).run(
          correlationId,
        );
      }
    },
    erase: db.prepare(
      `UPDATE process_key SET wrapped_key = NULL, master_key = NULL, erased_at = ?
       WHERE correlation_id = ? AND erased_at IS NULL`,
    ),
    rewrap: db.prepare(
      `UPDATE process_key SET wrapped_key = ?, master_key = ?
       WHERE correlation_id = ? AND wrapped_key = ?`,
    ),
  };
}
