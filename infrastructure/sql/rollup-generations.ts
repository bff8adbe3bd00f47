import { ROLLUP_TABLES, type RollupTable } from './rollup-rows.ts';

/**
 * The lowest generation in a table without a row in rollup_state, whose rows are to be removed: an expression.
 * Nothing is added to such a generation. rollup_state has two rows at most, for the current generation and for the
 * one that is made, and the newest of all generations has one of them; so each part is one seek at the beginning of
 * the key.
 */
export function lowestGone(table: RollupTable['name']): string {
  const [least, most] = ['MIN', 'MAX'].map((of) => `(SELECT ${of}(generation) FROM rollup_state)`);
  const below = `SELECT MIN(generation) AS generation FROM ${table} WHERE generation < ${least}`;
  const between = `SELECT MIN(generation) FROM ${table} WHERE generation > ${least} AND generation < ${most}`;
  return `(SELECT MIN(generation) FROM (${below} UNION ALL ${between}) AS gone)`;
}

/** A generation above all that ever existed: an expression. */
export const NEXT_GENERATION = `(SELECT MAX(generation) + 1 FROM (${[
  'rollup_state',
  ...ROLLUP_TABLES.map(({ name }) => name),
]
  .map((table) => `SELECT MAX(generation) AS generation FROM ${table}`)
  .join(' UNION ALL ')}) AS known)`;
