import type { Knex } from 'knex';
import type { ReadQueries } from '../read-queries.ts';
import { createReadThreads } from './read-threads.ts';

/** Knex builds the queries; threads of their own run them. */
export function createSqliteReadQueries(
  file: string,
  knex: Knex,
): ReadQueries & { close(): Promise<void> } {
  const threads = createReadThreads(file);
  return {
    knex,
    key: (value) => value,
    time: (value) => value,
    rows(query, signal) {
      const { sql, bindings } = query.toSQL().toNative();
      return threads.all({ sql, bound: bindings }, signal);
    },
    close: threads.close,
  };
}
