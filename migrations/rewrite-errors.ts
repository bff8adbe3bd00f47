import type { Knex } from 'knex';
import { dialectOf } from './dialect.ts';

/** Rows that are in memory at once: five parameters each, of the 2,100 that SQL Server takes in a statement. */
const BATCH = 400;
const COLUMNS = ['error', 'error_kind', 'error_code', 'error_step'] as const;

type ErrorColumns = Record<(typeof COLUMNS)[number], string | null>;

/**
 * Rewrites the columns of the error of every row that has one, batch by batch along its key, so that no statement
 * takes long and no memory grows with the table. All in the transaction of the migration.
 *
 * In JavaScript, which read and wrote the JSON before: `JSON_VALUE` of SQL Server cuts a text at 4,000 characters.
 */
export async function rewriteErrors(
  knex: Knex,
  table: string,
  rewrite: (row: ErrorColumns) => ErrorColumns,
): Promise<void> {
  const isMssql = dialectOf(knex).kind === 'mssql';
  // A parameter of Knex is NVARCHAR, with which no index on a VARCHAR is sought.
  const key = isMssql ? 'CAST(? AS VARCHAR(255)) COLLATE Latin1_General_BIN2' : '?';
  const text = isMssql ? 'CAST(? AS NVARCHAR(MAX))' : '?';
  const given = `SELECT ${key} AS correlation_id, ${COLUMNS.map((name) => `${text} AS ${name}`).join(', ')}`;
  for (let after = ''; ; ) {
    const rows: (ErrorColumns & { correlation_id: string })[] = await knex(table)
      .select('correlation_id', ...COLUMNS)
      .whereNotNull('error')
      .whereRaw(`correlation_id > ${key}`, [after])
      .orderBy('correlation_id')
      .limit(BATCH);
    const last = rows.at(-1);
    if (!last) return;
    await knex.raw(
      `UPDATE ${table} SET ${COLUMNS.map((name) => `${name} = given.${name}`).join(', ')}
       FROM (${rows.map(() => given).join(' UNION ALL ')}) AS given
       WHERE ${table}.correlation_id = given.correlation_id`,
      rows.flatMap((row) => {
        const next = rewrite(row);
        return [row.correlation_id, ...COLUMNS.map((name) => next[name])];
      }) as string[],
    );
    after = last.correlation_id;
  }
}
