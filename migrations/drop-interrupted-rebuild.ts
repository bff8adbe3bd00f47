import type { Knex } from 'knex';

const TABLES = [
  'process_store',
  'process_store_archive',
  'process_identifier',
  'process_identifier_archive',
];

/** The shadow tables of an interrupted rebuild have the old columns and indexes: it must start over. */
export async function dropInterruptedRebuild(knex: Knex): Promise<void> {
  for (const table of TABLES) {
    for (const suffix of ['rebuild', 'replaced']) {
      await knex.schema.raw(`DROP TABLE IF EXISTS ${table}_${suffix}`);
    }
  }
  await knex('checkpoint').where({ name: 'rebuild' }).delete();
}
