import type { Knex } from 'knex';
import {
  type ApiKeyRecord,
  type ApiKeyStore,
  isScope,
  MAX_VALID_KEYS,
} from '../../domain/access/index.ts';
import { createGuard } from './guarded.ts';

export interface ApiKeyRow {
  id: string;
  name: string;
  hash: string;
  scopes: string;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}

/** How a database wants the values that Knex would bind wrongly, and gives rows back. */
interface ApiKeyDialect {
  key(value: string): Knex.Value;
  time(value: string): Knex.Value;
  row(raw: unknown): ApiKeyRow;
  /** Makes a statement wait until it is alone among those that count keys before they add one. */
  alone(statement: string): string;
  /** Runs a statement again that met trouble which passes; it may have been done already. */
  retried<T>(run: () => Promise<T>): Promise<T>;
}

const COLUMNS = [
  'id',
  'name',
  'hash',
  'scopes',
  'created_at',
  'expires_at',
  'revoked_at',
  'last_used_at',
] as const;

/**
 * API keys on either database, through Knex: a key is looked up once in some seconds, not for every
 * call. What is not a rule of ours (a lost connection, a locked file) is thrown as
 * StoreUnavailableError: who cannot be looked up is not let in.
 */
export function createApiKeyStore(knex: Knex, dialect: ApiKeyDialect): ApiKeyStore {
  const { key, time, row: toRow, alone, retried } = dialect;
  const timeOrNull = (value: string | null): Knex.Value => (value === null ? null : time(value));
  const table = (): Knex.QueryBuilder => knex('api_key');

  const guarded = createGuard('API keys', retried);

  return {
    add: guarded(async (record) => {
      const { id, name, hash, scopes, createdAt, expiresAt, revokedAt, lastUsedAt } = record;
      const values = [
        ...[id, name, hash, scopes.join(' ')].map(key),
        time(createdAt),
        ...[expiresAt, revokedAt, lastUsedAt].map(timeOrNull),
      ];
      // Counting and adding are one statement, so that no other command comes between. Run again, it
      // finds what it added before.
      await knex.raw(
        alone(`INSERT INTO api_key (${COLUMNS.join(', ')})
         SELECT ${COLUMNS.map(() => '?').join(', ')}
         WHERE NOT EXISTS (SELECT 1 FROM api_key WHERE id = ?) AND (
           SELECT COUNT(*) FROM api_key
           WHERE name = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)
         ) < ${MAX_VALID_KEYS}`),
        [...values, key(id), key(name), time(createdAt)] as Knex.RawBinding[],
      );
      return (await table().where('id', key(id)).first('id')) !== undefined;
    }),
    find: guarded(async (id) => {
      const raw = await table().where('id', key(id)).first(COLUMNS);
      return raw === undefined ? null : fromRow(toRow(raw));
    }),
    list: guarded(async () => {
      const rows: unknown[] = await table()
        .select([...COLUMNS])
        .orderBy(['name', 'created_at', 'id']);
      return rows.map((raw) => fromRow(toRow(raw)));
    }),
    revoke: guarded(async (id, at) => {
      await table()
        .where('id', key(id))
        .whereNull('revoked_at')
        .update({ revoked_at: time(at) });
    }),
    recordUse: guarded(async (id, at) => {
      await table()
        .where('id', key(id))
        .update({ last_used_at: time(at) });
    }),
    hasAny: guarded(async () => (await table().first('id')) !== undefined),
  };
}

function fromRow(row: ApiKeyRow): ApiKeyRecord {
  return {
    id: row.id,
    name: row.name,
    hash: row.hash,
    // A scope that a newer release knows gives nothing here.
    scopes: row.scopes.split(' ').filter(isScope),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  };
}
