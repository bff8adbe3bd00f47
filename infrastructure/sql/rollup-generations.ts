import { ROLLUP_TABLES, type RollupTable } from './rollup-rows.ts';

/**
 * The lowest generation in a table that has no row in rollup_state, so that its rows are to be removed: an
 * expression. Nothing is added to a generation without that row. There are two such rows at most, of the current
 * generation and of that which is made, and the newest of all generations has one of them; so each part is one
 * look into the begin of the key.
 */
export function lowestGone(table: RollupTable['name']): string {
  const [least, most] = ['MIN', 'MAX'].map((of) => `(SELECT ${of}(generation) FROM rollup_state)`);
  const below = `SELECT MIN(generation) AS generation FROM ${table} WHERE generation < ${least}`;
  const between = `SELECT MIN(generation) FROM ${table} WHERE generation > ${least} AND generation < ${most}`;
  return `(SELECT MIN(generation) FROM (${below} UNION ALL ${between}) AS gone)`;
}

/** A generation that never was, higher than all: an expression. */
export const NEXT_GENERATION = `(SELECT MAX(generation) + 1 FROM (${[
  'rollup_state',
  ...ROLLUP_TABLES.map(({ name }) => name),
]
  .map((table) => `SELECT MAX(generation) AS generation FROM ${table}`)
  .join(' UNION ALL ')}) AS known)`;
