import type { Knex } from 'knex';
import type { ReadQueries } from '../sql/read-queries.ts';
import { createReadThreads } from './read-threads.ts';

/** Knex builds the queries; threads of their own run them. */
export function createSqliteReadQueries(
  file: string,
  knex: Knex,
): ReadQueries & { close(): Promise<void> } {
  const threads = createReadThreads(file);
  function upTo<Row>(query: Knex.QueryBuilder | Knex.Raw, maxBytes: number, signal?: AbortSignal) {
    const { sql, bindings } = query.toSQL().toNative();
    return threads.read<Row>({ sql, bound: bindings, maxBytes }, signal);
  }

  return {
    knex,
    key: (value) => value,
    time: (value) => value,
    async rows<Row>(query: Knex.QueryBuilder | Knex.Raw, signal?: AbortSignal) {
      return (await upTo<Row>(query, Number.POSITIVE_INFINITY, signal)).rows;
    },
    upTo,
    close: threads.close,
  };
}
