import knex, { type Knex } from 'knex';
import { describe, expect, it } from 'vitest';
import { up } from '../../../migrations/0001-initial.ts';
import { checkSchema, migrateDown, migrateUp } from '../../../migrations/migrate.ts';
import { databaseKinds } from '../../support/databases.ts';

/** The user's data model, by its own names, and what the guarantees add. */
const TABLES: Record<string, readonly string[]> = {
  event_log: [
    'id',
    'correlation_id',
    'version',
    'event_type',
    'schema_version',
    'dedupe_key',
    'step_name',
    'status',
    'http_method',
    'endpoint',
    'request_data',
    'response_data',
    'error_message',
    'http_status_code',
    'batch_id',
    'traceability_id',
    'application_id',
    'target_system',
    'originating_system',
    'process_name',
    'step',
    'identifiers',
    'result',
    'metadata',
    'execution_time',
    'created_at',
    'hash',
    'actor',
  ],
  outbox: [
    'event_id',
    'correlation_id',
    'event_type',
    'attempts',
    'available_at',
    'last_error',
    'created_at',
  ],
  process_store: [
    'correlation_id',
    'status',
    'data',
    'error',
    'error_kind',
    'error_code',
    'error_step',
    'started_at',
    'updated_at',
    'process_name',
    'current_step',
    'process_instance_id',
    'completed_at',
    'version',
  ],
  schema_version: ['version', 'applied_at'],
  api_key: [
    'id',
    'name',
    'hash',
    'scopes',
    'created_at',
    'expires_at',
    'revoked_at',
    'last_used_at',
  ],
  process_key: [
    'correlation_id',
    'wrapped_key',
    'master_key',
    'created_at',
    'erased_at',
    'engine_erased_at',
  ],
  checkpoint: ['name', 'data', 'updated_at'],
  process_identifier: ['correlation_id', 'process_name', 'name', 'value', 'number', 'is_hashed'],
  rollup_state: [
    ...['generation', 'position', 'rolled_up_to', 'is_current', 'made_by', 'updated_at'],
  ],
  step_rollup: [
    ...['generation', 'grain', 'bucket_start', 'process_name', 'step_name', 'target_system'],
    ...['status', 'error_key', 'error_message', 'event_count', 'timed_count', 'sum_ms', 'min_ms'],
    ...['max_ms', 'p50_ms', 'p95_ms', 'p99_ms', 'histogram'],
  ],
  process_rollup: [
    ...['generation', 'grain', 'bucket_start', 'process_name', 'event_type', 'event_count'],
    ...['timed_count', 'sum_ms', 'min_ms', 'max_ms', 'p50_ms', 'p95_ms', 'p99_ms', 'histogram'],
  ],
};
TABLES.event_log_archive = [...(TABLES.event_log ?? []), 'archived_at'];
TABLES.process_store_archive = [...(TABLES.process_store ?? []), 'archived_at'];
TABLES.process_identifier_archive = TABLES.process_identifier ?? [];
TABLES.process_store = [...(TABLES.process_store ?? []), 'restored_at'];

describe.each(databaseKinds())('the migrations on $name', ({ available, open }) => {
  it.skipIf(!available)('make every table and column, and take them away again', async () => {
    const database = await open();
    const { knex: connection } = database;
    try {
      for (const [table, columns] of Object.entries(TABLES)) {
        const found = Object.keys(await connection(table).columnInfo());
        expect(found.sort(), table).toEqual([...columns].sort());
      }
      await checkSchema(connection);
      await migrateDown(connection);
      for (const table of Object.keys(TABLES)) {
        expect(await connection.schema.hasTable(table), table).toBe(false);
      }
      await expect(checkSchema(connection)).rejects.toThrow('run `fastify-camunda migrate`');
      expect(await migrateUp(connection)).toEqual([
        '0001-initial',
        '0002-api-key',
        '0003-status-order',
        '0004-retention',
        '0005-event-position',
        '0006-rollups',
        '0007-views',
        '0008-actor',
        '0009-process-errors',
        '0010-fewer-indexes',
        '0011-longer-buckets',
        '0012-list-indexes',
        '0013-audit-log',
        '0014-identifiers',
        '0015-bulk',
        '0016-callbacks',
        '0017-start-at',
      ]);
      expect(await migrateUp(connection)).toEqual([]);
      await connection('schema_version').insert({ version: 99 });
      await expect(checkSchema(connection)).rejects.toThrow('upgrade this instance');
    } finally {
      await database.destroy();
    }
  });
});

describe('the migrations on SQLite', () => {
  it('make every index of the data model', async () => {
    const database = await databaseKinds()[0]?.open();
    const rows = await database?.knex('sqlite_master').where({ type: 'index' }).select('name');
    expect(rows?.map((row) => row.name)).toEqual(
      expect.arrayContaining([
        'idx_correlation_id',
        'idx_created_at',
        'idx_event_log_status',
        'idx_step_name',
        'idx_status',
        'idx_updated_at',
        'idx_process_name',
        'idx_current_step',
        'uq_event_log_dedupe_key',
        'idx_outbox_available_at',
        'idx_process_key_master_key',
        'idx_process_key_erased_at',
      ]),
    );
    await database?.destroy();
  });
});

describe('the T-SQL of the migrations', () => {
  it('has the types of the data model', async () => {
    const statements = await recordTsql(up);
    const eventLog = statements.find((sql) => sql.startsWith('CREATE TABLE [event_log] ')) ?? '';
    for (const column of [
      '[id] BIGINT IDENTITY(1,1) NOT NULL',
      '[correlation_id] VARCHAR(255) COLLATE Latin1_General_BIN2 NOT NULL',
      '[step_name] VARCHAR(255) COLLATE Latin1_General_BIN2 NOT NULL',
      '[status] VARCHAR(50) COLLATE Latin1_General_BIN2 NOT NULL',
      '[http_method] VARCHAR(10) COLLATE Latin1_General_BIN2 NULL',
      '[endpoint] VARCHAR(500) COLLATE Latin1_General_BIN2 NULL',
      '[request_data] NVARCHAR(MAX) NULL',
      '[response_data] NVARCHAR(MAX) NULL',
      '[error_message] NVARCHAR(MAX) NULL',
      '[http_status_code] INT NULL',
      '[batch_id] VARCHAR(255) COLLATE Latin1_General_BIN2 NULL',
      '[step] INT NULL',
      '[identifiers] NVARCHAR(MAX) NULL',
      '[metadata] NVARCHAR(MAX) NULL',
      '[execution_time] INT NULL',
      '[created_at] DATETIME2(3) NOT NULL',
      '[version] INT NOT NULL',
      '[dedupe_key] VARCHAR(255) COLLATE Latin1_General_BIN2 NULL',
      '[schema_version] SMALLINT NOT NULL',
    ]) {
      expect(eventLog).toContain(column);
    }
    const all = statements.join('\n');
    expect(all).toContain('DEFAULT SYSUTCDATETIME()');
    expect(all).toContain('OPTIMIZE_FOR_SEQUENTIAL_KEY = ON');
    expect(all).toContain('CHECK (request_data IS NULL OR ISJSON(request_data) = 1)');
    expect(all).toContain(
      'CREATE UNIQUE INDEX uq_event_log_version ON event_log (correlation_id, version)',
    );
    expect(all).toContain('ON event_log (dedupe_key) WHERE dedupe_key IS NOT NULL');
    expect(all).toContain('CREATE CLUSTERED COLUMNSTORE INDEX cci_event_log_archive');
    for (const index of [
      'CREATE INDEX [idx_correlation_id] ON [event_log] ([correlation_id])',
      'CREATE INDEX [idx_created_at] ON [event_log] ([created_at])',
      'CREATE INDEX [idx_status] ON [event_log] ([status])',
      'CREATE INDEX [idx_step_name] ON [event_log] ([step_name])',
      'CREATE INDEX [idx_status] ON [process_store] ([status])',
      'CREATE INDEX [idx_updated_at] ON [process_store] ([updated_at])',
    ]) {
      expect(all).toContain(index);
    }
  });
});

/** Runs a migration on a connection to SQL Server that writes down what it would send. */
async function recordTsql(migration: (connection: Knex) => Promise<void>): Promise<string[]> {
  const statements: string[] = [];
  const connection = knex({
    client: 'mssql',
    connection: { server: 'nowhere', database: 'none' } as Knex.MsSqlConnectionConfig,
  });
  connection.client.acquireConnection = async () => ({});
  connection.client.releaseConnection = async () => {};
  connection.client.query = async (_connection: unknown, query: { sql: string }) => {
    statements.push(query.sql);
    return { ...query, response: [] };
  };
  await migration(connection);
  await connection.destroy();
  return statements;
}
