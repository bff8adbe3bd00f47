import sql from 'mssql';
import type { EventStore, StoredEvent } from '../../domain/process/index.ts';
import { type EventRow, type FoundEventRow, fromEventRow } from '../sql/event-row.ts';
import { isoTimes, withRetry } from './connection.ts';

export type Row = EventRow & Partial<Pick<FoundEventRow, 'archived_at'>> & { id: string };

/**
 * Rows of one statement. A slow reader holds its connection, and the server the row versions that the
 * statement sees, for no longer than this many.
 */
const PAGE = 5_000;
const STATEMENT = `
SELECT TOP (@limit) * FROM event_log WHERE id > @afterId AND id <= @until ORDER BY id`;
const NO_END = '9223372036854775807';

/** `readAll` on SQL Server: pages by key, each streamed, so that memory holds a few rows of it. */
export function createReadAll(readers: sql.ConnectionPool): EventStore['readAll'] {
  return async function* readAll({ afterId = '0', untilId = NO_END } = {}) {
    let after = afterId;
    let ended = false;
    let reading: AsyncGenerator<Row, void> | undefined;
    const pageFrom = (id: string): sql.Request =>
      readers
        .request()
        .input('limit', sql.Int, PAGE)
        .input('afterId', sql.BigInt, id)
        .input('until', sql.BigInt, untilId);
    /** The next row; after an error goes on behind the last one that came. */
    const next = async (): Promise<Row | undefined> => {
      reading ??= streamRows<Row>(pageFrom(after), STATEMENT);
      try {
        const { done, value } = await reading.next();
        return done ? undefined : value;
      } catch (error) {
        reading = undefined;
        throw error;
      }
    };
    try {
      while (!ended) {
        let rows = 0;
        for (;;) {
          const row = await withRetry(next);
          if (!row) break;
          rows++;
          after = String(row.id);
          yield fromRow(row);
        }
        reading = undefined;
        ended = rows < PAGE;
      }
    } finally {
      await reading?.return();
    }
  };
}

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

export function fromRow(row: Row): StoredEvent {
  const { id, ...rest } = isoTimes(row);
  return fromEventRow(String(id), rest);
}
