import type { Knex } from 'knex';
import sql from 'mssql';
import type { BoundedRows } from '../sql/bounded-rows.ts';
import type { ReadQueries } from '../sql/read-queries.ts';
import { createPool, isoTimes, type PoolLimits } from './connection.ts';
import { withRetry } from './retry.ts';
import { readBounded } from './stream-rows.ts';
import type { MssqlTarget } from './target.ts';

/** Connections for queries that may take long. */
const MAX_CONNECTIONS = 4;
const QUERY_TIMEOUT_MS = 300_000;

/** On connections of their own, opened with the first query, so that long queries take none from the live work. */
export function createMssqlReadQueries(
  options: { target: MssqlTarget; limits: Partial<PoolLimits> } & Pick<
    ReadQueries,
    'knex' | 'key' | 'time'
  >,
): ReadQueries & { close(): Promise<void> } {
  const { target, limits, knex, key, time } = options;
  const pool = createPool(target, {
    ...limits,
    min: 0,
    max: MAX_CONNECTIONS,
    requestTimeoutMs: QUERY_TIMEOUT_MS,
  });
  let connected: Promise<unknown> | undefined;

  function connect(): Promise<unknown> {
    connected ??= pool.connect().catch((error: unknown) => {
      connected = undefined;
      throw error;
    });
    return connected;
  }

  /** One round trip, which the signal cancels on the server, too. */
  async function run<Row>(
    query: Knex.QueryBuilder | Knex.Raw,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<BoundedRows<Row>> {
    signal?.throwIfAborted();
    await connect();
    signal?.throwIfAborted();
    const request = new sql.Request(pool);
    const { sql: statement, bindings } = query.toSQL().toNative();
    for (const [at, value] of bindings.entries()) request.input(`p${at}`, value);
    const cancel = (): void => request.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      if (maxBytes < Number.POSITIVE_INFINITY) {
        const found = await readBounded<Row & object>(request, statement, maxBytes);
        signal?.throwIfAborted();
        return { ...found, rows: found.rows.map(isoTimes) };
      }
      const { recordset } = await request.query<Row & object>(statement);
      return { rows: recordset.map(isoTimes), bytes: 0, isCut: false };
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  return {
    knex,
    key,
    time,
    rows: async <Row>(query: Knex.QueryBuilder | Knex.Raw, signal?: AbortSignal) =>
      (await withRetry(() => run<Row>(query, Number.POSITIVE_INFINITY, signal))).rows,
    upTo: <Row>(query: Knex.QueryBuilder | Knex.Raw, maxBytes: number, signal?: AbortSignal) =>
      withRetry(() => run<Row>(query, maxBytes, signal)),
    close: () => pool.close(),
  };
}
