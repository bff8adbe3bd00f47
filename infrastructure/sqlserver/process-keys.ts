import sql from 'mssql';
import type { ProcessKeyRow, ProcessKeys } from '../../domain/personal-data/index.ts';
import { fromKeyRow, KEY_COLUMNS, type KeyRow } from '../sql/process-key-row.ts';
import { IDENTIFIER_TABLES } from '../sql/process-tables.ts';
import { isoTimes } from './connection.ts';
import { withRetry } from './retry.ts';
import { bindTexts, requestFor, rowsOf } from './statements.ts';
import { BEGIN_WITH_STREAM_LOCK } from './stream-lock.ts';
import { SHARE_TABLES } from './table-lock.ts';

/** Ids in one statement: SQL Server takes 2,100 parameters. */
const MAX_IDS = 500;
const ONE = `SELECT ${KEY_COLUMNS} FROM process_key WHERE correlation_id = @correlation_id;`;
/** If two run at the same moment, one fails on the primary key, is run again and reads what the other wrote. */
const ADD = `
INSERT INTO process_key (correlation_id, wrapped_key, master_key, created_at)
  SELECT @correlation_id, @wrapped_key, @master_key, SYSUTCDATETIME()
  WHERE NOT EXISTS (SELECT 1 FROM process_key WHERE correlation_id = @correlation_id);
${ONE}`;
/**
 * Destroys the key and the hashes of personal identifiers, under the lock of the stream: a projection that read the key
 * before writes its hashes before this, or finds the key destroyed.
 */
const ERASE = `${BEGIN_WITH_STREAM_LOCK}
${SHARE_TABLES}
UPDATE process_key SET wrapped_key = NULL, master_key = NULL, erased_at = SYSUTCDATETIME()
  WHERE correlation_id = @correlation_id AND erased_at IS NULL;
DECLARE @erased INT = @@ROWCOUNT;
${IDENTIFIER_TABLES.map(
  (table) => `IF OBJECT_ID('${table}') IS NOT NULL
  DELETE FROM ${table} WHERE correlation_id = @correlation_id AND is_hashed = 1;`,
).join('\n')}
COMMIT TRANSACTION;
SELECT @erased AS erased, erased_at FROM process_key WHERE correlation_id = @correlation_id;`;
const NEXT_MASTER = `SELECT MIN(master_key) AS master_key FROM process_key
  WHERE master_key IS NOT NULL AND master_key > @last_master_key`;
const OF_MASTER = `SELECT TOP (@limit) ${KEY_COLUMNS} FROM process_key WHERE master_key = @master_key`;

const LEFT = `SELECT TOP (@limit) correlation_id FROM process_key
  WHERE erased_at IS NOT NULL AND engine_erased_at IS NULL ORDER BY erased_at`;
const NOTE_GONE = `UPDATE process_key SET engine_erased_at = SYSUTCDATETIME()
  WHERE correlation_id = @correlation_id AND erased_at IS NOT NULL AND engine_erased_at IS NULL`;

/** The keys of personal data on SQL Server. */
export function createMssqlProcessKeys(pool: sql.ConnectionPool): ProcessKeys {
  const read = async (request: sql.Request, statement: string) =>
    (await rowsOf<KeyRow>(request, statement)).map((row) => fromKeyRow(isoTimes(row)));

  return {
    async find(correlationIds) {
      const keys: ProcessKeyRow[] = [];
      for (let at = 0; at < correlationIds.length; at += MAX_IDS) {
        const request = pool.request();
        const ids = bindTexts(request, 'correlation_id', correlationIds.slice(at, at + MAX_IDS));
        const statement = `SELECT ${KEY_COLUMNS} FROM process_key WHERE correlation_id IN (${ids})`;
        keys.push(...(await read(request, statement)));
      }
      return keys;
    },
    async add(correlationId, wrappedKey, masterKey) {
      const request = requestFor(pool, correlationId)
        .input('wrapped_key', sql.VarChar(255), wrappedKey)
        .input('master_key', sql.VarChar(32), masterKey);
      const [key] = await read(request, ADD);
      if (!key) throw new Error(`the key of ${correlationId} was not written`);
      return key;
    },
    async erase(correlationId) {
      const [row] = await rowsOf<{ erased: number; erased_at: Date | null }>(
        requestFor(pool, correlationId),
        ERASE,
      );
      if (!row?.erased_at) return { kind: 'no-key' };
      const erasedAt = row.erased_at.toISOString();
      return { kind: row.erased > 0 ? 'erased' : 'erased-before', erasedAt };
    },
    // Pages and the log of the database belong to the server, and backups to the operator.
    scrub: async () => true,
    async leftInEngine(limit) {
      const rows = await rowsOf<KeyRow>(pool.request().input('limit', sql.Int, limit), LEFT);
      return rows.map((row) => row.correlation_id);
    },
    async noteGoneFromEngine(correlationId) {
      await rowsOf(requestFor(pool, correlationId), NOTE_GONE);
    },
    any: async () =>
      (await rowsOf(pool.request(), 'SELECT TOP (1) 1 AS found FROM process_key')).length > 0,
    async masterKeys() {
      const found: string[] = [];
      for (;;) {
        const request = pool
          .request()
          .input('last_master_key', sql.VarChar(32), found.at(-1) ?? '');
        const next = (await rowsOf<KeyRow>(request, NEXT_MASTER))[0]?.master_key;
        if (!next) return found;
        found.push(next);
      }
    },
    wrappedBy: (masterKey, limit) =>
      read(
        pool
          .request()
          .input('limit', sql.Int, limit)
          .input('master_key', sql.VarChar(32), masterKey),
        OF_MASTER,
      ),
    async rewrap(keys) {
      const { rowsAffected } = await withRetry(() => {
        const request = pool.request();
        const updates = keys.map(({ correlationId, from, wrappedKey, masterKey }, at) => {
          request
            .input(`correlation_id${at}`, sql.VarChar(255), correlationId)
            .input(`replaced${at}`, sql.VarChar(255), from)
            .input(`wrapped_key${at}`, sql.VarChar(255), wrappedKey)
            .input(`master_key${at}`, sql.VarChar(32), masterKey);
          return `UPDATE process_key SET wrapped_key = @wrapped_key${at}, master_key = @master_key${at}
            WHERE correlation_id = @correlation_id${at} AND wrapped_key = @replaced${at};`;
        });
        return request.query(
          `SET XACT_ABORT ON; BEGIN TRANSACTION; ${updates.join('\n')} COMMIT TRANSACTION;`,
        );
      });
      return rowsAffected.reduce((sum, count) => sum + count, 0);
    },
  };
}
