import type { Knex } from 'knex';
import type { BoundedRows } from './bounded-rows.ts';

/** Runs queries that only read and may take long. */
export interface ReadQueries {
  /** For building queries. Run them by `rows`. */
  knex: Knex;
  /** A value compared with a VARCHAR key. */
  key(value: string): Knex.Value;
  /** A value compared with a time column. */
  time(value: string): Knex.Value;
  /**
   * The rows of a SELECT: times as ISO 8601 texts, integers of 64 bits as numbers or texts. The signal cancels it.
   *
   * @throws StoreUnavailableError
   */
  rows<Row>(query: Knex.QueryBuilder | Knex.Raw, signal?: AbortSignal): Promise<Row[]>;
  /** As `rows`, up to the row with which they reach `maxBytes`. */
  upTo<Row>(
    query: Knex.QueryBuilder | Knex.Raw,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<BoundedRows<Row>>;
}
