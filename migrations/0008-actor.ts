import type { Knex } from 'knex';
import { EVENT_LOG } from '../infrastructure/sql/columns.ts';
import { columnType, dialectOf } from './dialect.ts';
import { processTimeline } from './process-views.ts';
import { replaceView } from './replace-view.ts';
import { wordsOf } from './view-words.ts';

const TABLES = ['event_log', 'event_log_archive'];

/**
 * Adds `actor`: who caused an event. It is NULL in older events. Names of callers may have any letters and are not
 * searched by, so the column is NVARCHAR on SQL Server.
 */
export async function up(knex: Knex): Promise<void> {
  const dialect = dialectOf(knex);
  for (const table of TABLES) {
    await knex.schema.raw(`ALTER TABLE ${table} ADD actor ${columnType(EVENT_LOG.actor, dialect)}`);
  }
  await replaceView(knex, 'v_process_timeline', processTimeline(wordsOf(knex), 8));
  await knex('schema_version').insert({ version: 8 });
}

/** Drops it. Who caused what is lost, and `verify` finds that the events are not what they were. */
export async function down(knex: Knex): Promise<void> {
  await replaceView(knex, 'v_process_timeline', processTimeline(wordsOf(knex), 7));
  for (const table of TABLES) await knex.schema.raw(`ALTER TABLE ${table} DROP COLUMN actor`);
  await knex('schema_version').where({ version: 8 }).delete();
}
