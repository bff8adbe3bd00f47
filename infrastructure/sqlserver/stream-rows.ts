import type sql from 'mssql';
import { type BoundedRows, createRowTaker } from '../sql/bounded-rows.ts';

/**
 * The rows of a statement as they come. Left early, it stops the statement and waits until its connection is
 * free again.
 */
export async function* streamRows<T>(
  request: sql.Request,
  statement: string,
): AsyncGenerator<T, void> {
  const rows = request.toReadableStream();
  let running = true;
  const released = new Promise<void>((resolve) => {
    request.once('done', () => {
      running = false;
      resolve();
    });
  });
  request.query(statement);
  try {
    for await (const row of rows) yield row as T;
  } finally {
    if (running) request.cancel();
    await released;
  }
}

/** The first rows of a statement; those after the row that reaches `maxBytes` are not taken from the server. */
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
