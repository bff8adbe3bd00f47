import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrationSource } from '../../../migrations/index.ts';
import { migrateUp } from '../../../migrations/migrate.ts';
import { moveBatch, relayAll } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { broken, cancelled, completed, failed, requested } from '../../support/events.ts';
import { storedTime } from '../../support/rollups.ts';
import { expectVerified } from '../../support/verify.ts';

const NAME = '0009-process-errors';
const TABLES = ['process_store', 'process_store_archive'];
/** Those on a column that it adds, from a later one. */
const INDEXES = ['idx_error_code', 'idx_process_store_archive_error_code'];
/** More than are rewritten at once. */
const MANY = 950;
/** Longer than what JSON_VALUE of SQL Server gives back, and with what JSON escapes. */
const LONG = `"${'ä\n\\\t😀'.repeat(2_000)}"`;

interface Row {
  correlation_id: string;
  error: string | null;
  error_kind: string | null;
  error_code: string | null;
  error_step: string | null;
}

/** What release 7 wrote, and what becomes of it. */
const OLD: Record<string, { json: object | null; columns: Omit<Row, 'correlation_id'> }> = {
  business: {
    json: { kind: 'business', code: 'NO_CREDIT', message: 'no "credit"', step: 'charge-card' },
    columns: {
      error: 'no "credit"',
      error_kind: 'business',
      error_code: 'NO_CREDIT',
      error_step: 'charge-card',
    },
  },
  technical: {
    json: { kind: 'technical', code: 'REMOTE_503', message: LONG, step: null },
    columns: {
      error: LONG,
      error_kind: 'technical',
      error_code: 'REMOTE_503',
      error_step: null,
    },
  },
  cancelled: {
    json: { kind: 'cancelled', code: 'CANCELLED', message: '{"kind":"business"}', step: 'a' },
    columns: {
      error: '{"kind":"business"}',
      error_kind: 'cancelled',
      error_code: 'CANCELLED',
      error_step: 'a',
    },
  },
  personal: {
    json: { kind: 'technical', code: 'Größe', message: '$personal.c2VhbGVk', step: null },
    columns: {
      error: '$personal.c2VhbGVk',
      error_kind: 'technical',
      error_code: 'Größe',
      error_step: null,
    },
  },
  empty: {
    json: { kind: 'business', code: '', message: '', step: null },
    columns: { error: '', error_kind: 'business', error_code: '', error_step: null },
  },
  none: {
    json: null,
    columns: { error: null, error_kind: null, error_code: null, error_step: null },
  },
};

describe.each(databaseKinds())('errors of processes on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await kind.open();
    });
    afterAll(() => database?.destroy());

    const down = async (knex: Knex): Promise<void> => {
      for (const [at, index] of INDEXES.entries()) {
        const of = kind.name === 'SQLite' ? '' : ` ON ${TABLES[at]}`;
        await knex.raw(`DROP INDEX IF EXISTS ${index}${of}`);
      }
      await knex.migrate.down({ migrationSource, name: NAME } as never);
    };
    const rowOf = (knex: Knex, correlationId: string, error: string | null) => ({
      correlation_id: correlationId,
      status: error === null ? 'ok' : 'error',
      error,
      started_at: storedTime(knex, '2026-01-01T00:00:00.000Z'),
      updated_at: storedTime(knex, '2026-01-01T00:00:00.000Z'),
      process_name: 'onboard-user',
      version: 1,
    });
    const columnsOf = async (table: string): Promise<string[]> =>
      Object.keys(await database.knex(table).columnInfo());

    it('written by an older release are split into columns, live and archived, and read as before', async () => {
      const { knex } = database;
      await down(knex);
      for (const table of TABLES) {
        expect(await columnsOf(table)).not.toContain('error_kind');
        const archived = table.endsWith('archive')
          ? { archived_at: storedTime(knex, '2026-02-01T00:00:00.000Z') }
          : {};
        for (const [id, { json }] of Object.entries(OLD)) {
          const error = json && JSON.stringify(json);
          await knex(table).insert({ ...rowOf(knex, `${table}-${id}`, error), ...archived });
        }
        const many = Array.from({ length: MANY }, (_, at) => ({
          ...rowOf(
            knex,
            `${table}-many-${at}`,
            JSON.stringify({ kind: 'technical', code: `C${at}`, message: `m ${at}`, step: null }),
          ),
          ...archived,
        }));
        await knex.batchInsert(table, many, 100);
      }

      expect(await migrateUp(knex)).toEqual([NAME]);
      for (const table of TABLES) {
        for (const [id, { columns }] of Object.entries(OLD)) {
          const [row] = await knex<Row>(table).where({ correlation_id: `${table}-${id}` });
          expect(row, `${table} ${id}`).toMatchObject(columns);
        }
        const many = await knex<Row>(table).where('correlation_id', 'like', `${table}-many-%`);
        expect(many).toHaveLength(MANY);
        for (const { correlation_id: id, error, error_code: code } of many) {
          const at = id.slice(`${table}-many-`.length);
          expect([error, code]).toEqual([`m ${at}`, `C${at}`]);
        }
      }

      await down(knex);
      for (const table of TABLES) {
        for (const [id, { json }] of Object.entries(OLD)) {
          const [row] = await knex<Row>(table).where({ correlation_id: `${table}-${id}` });
          expect(row?.error, `${table} ${id}`).toBe(json && JSON.stringify(json));
        }
      }
      expect(await migrateUp(knex)).toEqual([NAME]);
      for (const table of TABLES) await knex(table).delete();
    });

    it('projected by this release are columns, the message alone in `error`, and `verify` agrees before and after', async () => {
      const { knex, eventStore, processStore } = database;
      const ends = { ill: failed(), broken: broken(), cancelled: cancelled(), well: completed() };
      for (const partition of ['archived', 'live']) {
        for (const [id, end] of Object.entries(ends)) {
          await eventStore.append(`${partition}-${id}`, [requested(), end]);
          await processStore.project(`${partition}-${id}`);
        }
        await relayAll(database);
        if (partition === 'archived') await moveBatch(database, 99);
      }
      for (const table of TABLES) {
        const rows = await knex<Row>(table).whereNotNull('error').orderBy('error_kind');
        expect(rows, table).toMatchObject([
          { error: 'refused', error_code: 'NO', error_step: 'run-background-check' },
          { error: 'no longer wanted', error_kind: 'cancelled', error_code: 'CANCELLED' },
          { error: 'the partner is away', error_code: 'AWAY', error_step: null },
        ]);
      }
      await expectVerified(database);
      await down(knex);
      expect(await migrateUp(knex)).toEqual([NAME]);
      await expectVerified(database);
    });

    it('are migrated during an interrupted rebuild, which then starts again', async () => {
      const { knex } = database;
      const rebuild = await database.openRebuild();
      await rebuild.saveCheckpoint(JSON.stringify({ run: 'broken off' }), null);
      await rebuild.createShadows();
      await down(knex);
      expect(await migrateUp(knex)).toEqual([NAME]);
      expect(await rebuild.checkpoint()).toBeNull();
      expect(await rebuild.hasShadows()).toBe(false);
      await rebuild.close();
    });
  });
});
