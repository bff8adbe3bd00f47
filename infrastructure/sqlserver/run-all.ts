import type { Knex } from 'knex';
import type { CallbackDialect } from '../sql/callback-dialect.ts';

/** Runs statements in a transaction; Knex answers an update with a count, an insert with a list. */
export function createRunAll(knex: Knex): CallbackDialect['runAll'] {
  return (statements) =>
    knex.transaction(async (transaction) => {
      const [first, ...others] = statements;
      const changed: unknown = await first?.transacting(transaction);
      if (changed === 0 || changed === undefined) return false;
      for (const statement of others) await statement.transacting(transaction);
      return true;
    });
}
