import type sql from 'mssql';
import { type BoundedRows, createRowTaker } from '../sql/bounded-rows.ts';
import { streamRows } from './read-all.ts';

/**
 * The first rows of a statement, as they come: what is behind the row with which they have `maxBytes` is not taken from
 * the server.
 */
export async function readBounded<Row extends object>(
  request: sql.Request,
  statement: string,
  maxBytes: number,
): Promise<BoundedRows<Row>> {
  const taker = createRowTaker<Row>(maxBytes);
  for await (const row of streamRows<Row>(request, statement)) {
    if (!taker.take(row, Object.values(row))) break;
  }
  const { rows, bytes, isCut } = taker;
  return { rows, bytes, isCut };
}
