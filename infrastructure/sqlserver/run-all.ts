import type { Knex } from 'knex';
import type { CallbackDialect } from '../sql/callback-dialect.ts';

/** What Knex adds to updates and deletions: the count has no name, and not every server returns it so. */
const UNNAMED_COUNT = /;select @@rowcount$/;

/** Runs statements that Knex has built in a transaction; the number of changed rows is read under a name. */
export function createRunAll(knex: Knex): CallbackDialect['runAll'] {
  const run = async (transaction: Knex, statement: Knex.QueryBuilder): Promise<number> => {
    const { sql, bindings } = statement.toSQL();
    const counted = `${sql.replace(UNNAMED_COUNT, '')};SELECT @@ROWCOUNT AS changed`;
    const [row]: { changed: number }[] = await transaction.raw(
      counted,
      bindings as Knex.RawBinding[],
    );
    // Thrown, so that the transaction is rolled back.
    if (!row) throw new Error('the server does not say how many rows have changed');
    return row.changed;
  };
  return (statements) =>
    knex.transaction(async (transaction) => {
      const [first, ...others] = statements;
      if (!first || (await run(transaction, first)) === 0) return false;
      for (const statement of others) await run(transaction, statement);
      return true;
    });
}
