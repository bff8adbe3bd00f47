import type { Knex } from 'knex';

/** How a database wants the values of subscriptions and deliveries, and gives rows back. */
export interface CallbackDialect {
  key(value: string): Knex.Value;
  time(value: string): Knex.Value;
  row<Row>(raw: unknown): Row;
  /**
   * Runs statements in one transaction; when the first one changes no row, the others are not run.
   *
   * @returns whether the first one changed a row
   */
  runAll(statements: readonly Knex.QueryBuilder[]): Promise<boolean>;
  /** Runs a statement again that met trouble which passes; it may have been done already. */
  retried<T>(run: () => Promise<T>): Promise<T>;
}
