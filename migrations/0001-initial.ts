import type { Knex } from 'knex';
import {
  type Columns,
  EVENT_LOG,
  EVENT_LOG_ARCHIVE,
  PROCESS_STORE,
  PROCESS_STORE_ARCHIVE,
} from '../infrastructure/sql/columns.ts';
import { columnType, type Dialect, dialectOf } from './dialect.ts';

/** The columns that hold JSON, each with a check on SQL Server. */
const EVENT_JSON = ['request_data', 'response_data', 'identifiers', 'metadata'] as const;
const PROCESS_JSON = ['data', 'error'] as const;

/** Creates event_log, outbox, process_store, the two archives and schema_version. */
export async function up(knex: Knex): Promise<void> {
  const dialect = dialectOf(knex);
  await createEventLog(knex, dialect);
  await createOutbox(knex, dialect);
  await createProcessStore(knex, dialect);
  await createArchives(knex, dialect);
  await knex.schema.createTable('schema_version', (table) => {
    table.specificType('version', `${dialect.integer} NOT NULL`).primary();
    table.specificType('applied_at', `${dialect.time} NOT NULL`).defaultTo(dialect.now(knex));
  });
  await knex('schema_version').insert({ version: 1 });
}

/** Drops them all, and what is in them. */
export async function down(knex: Knex): Promise<void> {
  const tables = [
    'schema_version',
    'event_log_archive',
    'process_store_archive',
    'process_store',
    'outbox',
    'event_log',
  ];
  for (const table of tables) await knex.schema.dropTable(table);
}

async function createEventLog(knex: Knex, dialect: Dialect): Promise<void> {
  await knex.schema.createTable('event_log', (table) => {
    dialect.identity(table, 'id');
    addColumns(table, EVENT_LOG, dialect).get('created_at')?.defaultTo(dialect.now(knex));
  });
  if (dialect.kind === 'mssql') {
    // Every insert goes to the last page; the option lets sessions write to it in turns.
    await knex.schema.raw(
      'ALTER TABLE event_log ADD CONSTRAINT pk_event_log PRIMARY KEY CLUSTERED (id) WITH (OPTIMIZE_FOR_SEQUENTIAL_KEY = ON)',
    );
    await checkJson(knex, 'event_log', EVENT_JSON);
  }
  await knex.schema.alterTable('event_log', (table) => {
    table.index(['correlation_id'], 'idx_correlation_id');
    table.index(['created_at'], 'idx_created_at');
    // Index names are unique per table on SQL Server, per database on SQLite, and process_store has
    // an idx_status as well.
    table.index(['status'], dialect.kind === 'mssql' ? 'idx_status' : 'idx_event_log_status');
    table.index(['step_name'], 'idx_step_name');
  });
  await knex.schema.raw(
    'CREATE UNIQUE INDEX uq_event_log_version ON event_log (correlation_id, version)',
  );
  await knex.schema.raw(
    'CREATE UNIQUE INDEX uq_event_log_dedupe_key ON event_log (dedupe_key) WHERE dedupe_key IS NOT NULL',
  );
  await knex.schema.raw(
    'CREATE INDEX idx_traceability_id ON event_log (traceability_id) WHERE traceability_id IS NOT NULL',
  );
}

async function createOutbox(knex: Knex, dialect: Dialect): Promise<void> {
  await knex.schema.createTable('outbox', (table) => {
    table.specificType('event_id', `${dialect.bigint} NOT NULL`).primary();
    table.specificType('correlation_id', `${dialect.varchar(255)} NOT NULL`);
    table.specificType('event_type', `${dialect.varchar(50)} NOT NULL`);
    table.specificType('attempts', `${dialect.integer} NOT NULL`);
    table.specificType('available_at', `${dialect.time} NOT NULL`);
    table.specificType('last_error', `${dialect.text} NULL`);
    table.specificType('created_at', `${dialect.time} NOT NULL`);
  });
  await knex.schema.alterTable('outbox', (table) => {
    table.index(['available_at'], 'idx_outbox_available_at');
  });
}

async function createProcessStore(knex: Knex, dialect: Dialect): Promise<void> {
  await knex.schema.createTable('process_store', (table) => {
    addColumns(table, PROCESS_STORE, dialect).get('correlation_id')?.primary();
  });
  if (dialect.kind === 'mssql') await checkJson(knex, 'process_store', PROCESS_JSON);
  await knex.schema.alterTable('process_store', (table) => {
    table.index(['status'], 'idx_status');
    table.index(['updated_at'], 'idx_updated_at');
  });
}

async function createArchives(knex: Knex, dialect: Dialect): Promise<void> {
  await knex.schema.createTable('event_log_archive', (table) => {
    addColumns(table, EVENT_LOG_ARCHIVE, dialect);
  });
  await knex.schema.createTable('process_store_archive', (table) => {
    addColumns(table, PROCESS_STORE_ARCHIVE, dialect);
  });
  if (dialect.kind === 'mssql') {
    for (const table of ['event_log_archive', 'process_store_archive']) {
      await knex.schema.raw(columnstoreWhereThereIs(table));
    }
  }
  await knex.schema.raw('CREATE UNIQUE INDEX uq_event_log_archive_id ON event_log_archive (id)');
  await knex.schema.raw(
    'CREATE UNIQUE INDEX uq_event_log_archive_version ON event_log_archive (correlation_id, version)',
  );
  await knex.schema.raw(
    'CREATE UNIQUE INDEX uq_event_log_archive_dedupe_key ON event_log_archive (dedupe_key) WHERE dedupe_key IS NOT NULL',
  );
  await knex.schema.raw(
    'CREATE INDEX idx_event_log_archive_created_at ON event_log_archive (created_at)',
  );
  await knex.schema.raw(
    'CREATE INDEX idx_event_log_archive_traceability_id ON event_log_archive (traceability_id) WHERE traceability_id IS NOT NULL',
  );
  await knex.schema.raw(
    'CREATE UNIQUE INDEX uq_process_store_archive_correlation_id ON process_store_archive (correlation_id)',
  );
  await knex.schema.raw(
    'CREATE INDEX idx_process_store_archive_updated_at ON process_store_archive (updated_at)',
  );
}

/** Without the columns that later migrations add. */
function addColumns(
  table: Knex.CreateTableBuilder,
  columns: Columns,
  dialect: Dialect,
): Map<string, Knex.ColumnBuilder> {
  const first = Object.entries(columns).filter(([, { since }]) => since === undefined);
  return new Map(
    first.map(([name, column]) => [name, table.specificType(name, columnType(column, dialect))]),
  );
}

async function checkJson(knex: Knex, table: string, columns: readonly string[]): Promise<void> {
  for (const column of columns) {
    await knex.schema.raw(
      `ALTER TABLE ${table} ADD CONSTRAINT ck_${table}_${column} CHECK (${column} IS NULL OR ISJSON(${column}) = 1)`,
    );
  }
}

/**
 * Archive rows are read rarely and in ranges: a columnstore needs a fraction of the space. Azure SQL has it from S3 on;
 * servers that only speak T-SQL (Babelfish) do not have it.
 */
function columnstoreWhereThereIs(table: string): string {
  return `IF SERVERPROPERTY('Babelfish') IS NULL AND (SERVERPROPERTY('EngineEdition') <> 5 OR DATABASEPROPERTYEX(DB_NAME(), 'ServiceObjective') NOT IN ('Basic', 'S0', 'S1', 'S2')) EXEC('CREATE CLUSTERED COLUMNSTORE INDEX cci_${table} ON ${table}')`;
}
