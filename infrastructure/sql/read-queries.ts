import type { Knex } from 'knex';
import type { BoundedRows } from './bounded-rows.ts';

/** Runs queries that only read and may take their time. */
export interface ReadQueries {
  /** For building queries. Run them by `rows`. */
  knex: Knex;
  /** A value compared with a VARCHAR key. */
  key(value: string): Knex.Value;
  /** A value compared with a time column. */
  time(value: string): Knex.Value;
  /**
   * The rows of a SELECT: times as ISO 8601 texts, whole numbers of 64 bits as numbers or texts. The signal
   * breaks it off.
   *
   * @throws StoreUnavailableError
   */
  rows<Row>(query: Knex.QueryBuilder | Knex.Raw, signal?: AbortSignal): Promise<Row[]>;
  /** As `rows`, and reads no further than to the row with which they have so many bytes. */
  upTo<Row>(
    query: Knex.QueryBuilder | Knex.Raw,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<BoundedRows<Row>>;
}
