import type { Knex } from 'knex';
import { dialectOf } from './dialect.ts';

/**
 * Gives every event its place in the feed. SQLite needs nothing: there is one writer, so ids rise in the order
 * of the commits. On SQL Server an id is given at the insert, and an event may become visible after one with a
 * higher id: there a position is given after the commit, to those in `unpositioned_event`, and counted on in
 * `feed_head`, which no purge takes back.
 *
 * The index on the archive's times gets the ids, by which a part of the feed is found without its rows.
 *
 * Events that are there already get theirs in the order of their ids. No service of an older release may run
 * any more: it would append events without asking for a position.
 */
export async function up(knex: Knex): Promise<void> {
  const dialect = dialectOf(knex);
  if (dialect.kind === 'mssql') {
    await knex.schema.createTable('event_position', (table) => {
      table.specificType('position', `${dialect.bigint} NOT NULL`).primary();
      table.specificType('event_id', `${dialect.bigint} NOT NULL`);
    });
    await knex.schema.raw(
      'CREATE UNIQUE INDEX uq_event_position_event_id ON event_position (event_id)',
    );
    await knex.schema.createTable('unpositioned_event', (table) => {
      table.specificType('event_id', `${dialect.bigint} NOT NULL`);
    });
    // As on event_log: every insert goes to the last page.
    await knex.schema.raw(
      'ALTER TABLE unpositioned_event ADD CONSTRAINT pk_unpositioned_event PRIMARY KEY CLUSTERED (event_id) WITH (OPTIMIZE_FOR_SEQUENTIAL_KEY = ON)',
    );
    await knex.schema.createTable('feed_head', (table) => {
      table.specificType('position', `${dialect.bigint} NOT NULL`).primary();
    });
    await knex.raw(
      `INSERT INTO event_position (position, event_id)
       SELECT ROW_NUMBER() OVER (ORDER BY id), id
       FROM (SELECT id FROM event_log UNION ALL SELECT id FROM event_log_archive) AS written`,
    );
    await knex.raw(
      'INSERT INTO feed_head (position) SELECT ISNULL(MAX(position), 0) FROM event_position',
    );
  }
  await indexArchiveTimes(knex, 'created_at, id');
  await knex('schema_version').insert({ version: 5 });
}

/** Drops the positions: cursors of the feed are void. */
export async function down(knex: Knex): Promise<void> {
  if (dialectOf(knex).kind === 'mssql') {
    await knex.schema.dropTable('feed_head');
    await knex.schema.dropTable('unpositioned_event');
    await knex.schema.dropTable('event_position');
  }
  await indexArchiveTimes(knex, 'created_at');
  await knex('schema_version').where({ version: 5 }).delete();
}

async function indexArchiveTimes(knex: Knex, columns: string): Promise<void> {
  await knex.schema.alterTable('event_log_archive', (table) => {
    table.dropIndex('created_at', 'idx_event_log_archive_created_at');
  });
  await knex.schema.raw(
    `CREATE INDEX idx_event_log_archive_created_at ON event_log_archive (${columns})`,
  );
}
