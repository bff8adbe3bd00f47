import type { Knex } from 'knex';
import { dialectOf } from './dialect.ts';

/**
 * The rollups of the events: how many there were and how long they took, in buckets of several lengths, so that
 * a long range is read from few rows. `grain` is the length in minutes; time zones begin their hours at a quarter
 * of an hour of UTC, and a day of UTC is the longest. `histogram` is that of `domain/rollups/histogram.ts`.
 *
 * Rows belong to a generation: a rebuild makes a new one beside the current one.
 */
export async function up(knex: Knex): Promise<void> {
  const dialect = dialectOf(knex);
  const { varchar, bigint, integer, text, time } = dialect;
  await knex.schema.createTable('rollup_state', (table) => {
    table.specificType('generation', `${integer} NOT NULL`).primary();
    // The position in the feed of the last event in the rollups, and the latest time of all events in them.
    table.specificType('position', `${bigint} NOT NULL`);
    table.specificType('rolled_up_to', `${time} NULL`);
    table.specificType('is_current', `${integer} NOT NULL`);
    // Release and schema version that make a generation which is not current yet: only these continue it.
    table.specificType('made_by', `${varchar(255)} NULL`);
    table.specificType('updated_at', `${time} NOT NULL`);
  });
  await knex('rollup_state').insert({
    generation: 1,
    position: 0,
    rolled_up_to: null,
    is_current: 1,
    updated_at: dialect.now(knex),
  });
  await createRollup('step_rollup', [
    ['step_name', `${varchar(255)} NOT NULL`],
    // '' without a target system: a key has no NULL.
    ['target_system', `${varchar(255)} NOT NULL`],
    ['status', `${varchar(50)} NOT NULL`],
    // A hash of error_message, '' without one.
    ['error_key', `${varchar(32)} NOT NULL`],
  ]);
  await knex.schema.alterTable('step_rollup', (table) => {
    table.specificType('error_message', `${text} NULL`);
  });
  await createRollup('process_rollup', [['event_type', `${varchar(50)} NOT NULL`]]);
  await knex('schema_version').insert({ version: 6 });

  /** Its key is where it is read from, and begins with what a query always knows. */
  async function createRollup(name: string, keys: [name: string, type: string][]): Promise<void> {
    const all: [string, string][] = [
      ['generation', `${integer} NOT NULL`],
      ['grain', `${integer} NOT NULL`],
      ['bucket_start', `${time} NOT NULL`],
      ['process_name', `${varchar(255)} NOT NULL`],
      ...keys,
    ];
    await knex.schema.createTable(name, (table) => {
      for (const [column, type] of all) table.specificType(column, type);
      table.specificType('event_count', `${bigint} NOT NULL`);
      // Those with a duration; what follows is of them, in milliseconds.
      table.specificType('timed_count', `${bigint} NOT NULL`);
      table.specificType('sum_ms', `${bigint} NOT NULL`);
      table.specificType('min_ms', `${bigint} NULL`);
      table.specificType('max_ms', `${bigint} NULL`);
      // From the histogram of this row alone, for readers of the table; they cannot be merged.
      for (const rank of ['p50_ms', 'p95_ms', 'p99_ms']) {
        table.specificType(rank, `${bigint} NULL`);
      }
      table.specificType('histogram', `${text} NULL`);
      table.primary(
        all.map(([column]) => column),
        `pk_${name}`,
      );
    });
  }
}

/** Drops them; they can be computed again from the events. */
export async function down(knex: Knex): Promise<void> {
  for (const table of ['process_rollup', 'step_rollup', 'rollup_state']) {
    await knex.schema.dropTable(table);
  }
  await knex('schema_version').where({ version: 6 }).delete();
}
