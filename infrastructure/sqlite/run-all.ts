import type BetterSqlite3 from 'better-sqlite3';
import type { Knex } from 'knex';
import type { CallbackDialect } from '../sql/callback-dialect.ts';
import type { GroupCommit } from './group-commit.ts';

/** Runs statements that Knex has built as one write of a group commit. */
export function createRunAll(
  db: BetterSqlite3.Database,
  groupCommit: GroupCommit,
): CallbackDialect['runAll'] {
  const run = (statement: Knex.QueryBuilder): number => {
    const { sql, bindings } = statement.toSQL().toNative();
    return db.prepare(sql).run(...bindings).changes;
  };
  return (statements) =>
    groupCommit.write(() => {
      const [first, ...others] = statements;
      if (!first || run(first) === 0) return false;
      for (const statement of others) run(statement);
      return true;
    });
}
