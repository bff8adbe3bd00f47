import sql from 'mssql';
import { withRetry } from './retry.ts';

type Requests = Pick<sql.ConnectionPool, 'request'>;

/** A request about one process. */
export function requestFor(pool: Requests, correlationId: string): sql.Request {
  return pool.request().input('correlation_id', sql.VarChar(255), correlationId);
}

/** Binds texts as `@stem0`, `@stem1` and so on, and returns these names as a list. */
export function bindTexts(request: sql.Request, stem: string, texts: readonly string[]): string {
  for (const [at, text] of texts.entries()) request.input(`${stem}${at}`, sql.VarChar(255), text);
  return texts.map((_, at) => `@${stem}${at}`).join(', ');
}

/** The rows of a statement that is complete in itself and may run twice. */
export async function rowsOf<Row>(request: sql.Request, statement: string): Promise<Row[]> {
  return (await withRetry(() => request.query<Row>(statement))).recordset;
}

/** Runs a transaction that may run twice. */
export function inTransaction<T>(
  pool: sql.ConnectionPool,
  work: (tx: sql.Transaction) => Promise<T>,
): Promise<T> {
  return withRetry(async () => {
    const tx = pool.transaction();
    // A connection that breaks reports an error here; without a listener it would end the process.
    tx.on('error', () => {});
    await tx.begin();
    try {
      const result = await work(tx);
      await tx.commit();
      return result;
    } catch (error) {
      await tx.rollback().catch(() => {});
      throw error;
    }
  });
}
