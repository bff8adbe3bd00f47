import type { FeedFilter, FeedPage, FeedPosition, FeedQuery } from '../feed/index.ts';
import { EXPORT_COLUMN_NAMES, type ExportColumnName, type ExportedRow } from './export-columns.ts';
import type { ExportEncoder, ExportPiece } from './export-encoder.ts';
import { wellFormedRow } from './well-formed-row.ts';

/** The rows of the feed as they are stored; see `EventFeed`. */
export interface ExportedRows {
  /**
   * @param query `columns`: those that are read besides `id`
   * @throws StoreUnavailableError, or the signal's reason
   */
  page(
    query: FeedQuery & { columns: readonly Exclude<ExportColumnName, 'id'>[] },
    signal?: AbortSignal,
  ): Promise<FeedPage<ExportedRow>>;
  /** The position of the last event, '0' when there is no event. */
  head(): Promise<FeedPosition>;
}

export interface ExportedPart {
  filter: FeedFilter;
  /** Archived events, too. */
  archived: boolean;
  /** Behind this position. */
  after: FeedPosition;
  /** And up to this one, which is there already: `ExportedRows.head`. */
  upTo: FeedPosition;
  /** Events at most; left out: all. */
  limit?: number | undefined;
}

export interface ExportStep extends ExportPiece {
  /** The feed was read up to here. */
  readTo: FeedPosition;
}

const COLUMNS = EXPORT_COLUMN_NAMES.filter((name) => name !== 'id');

/** Rows of a page, at first and at most. Events of unusual length make pages shorter. */
const FIRST_ROWS = 100;
const MAX_ROWS = 1_000;
/** Characters that a page is meant to have: so much is in memory two times or three. */
const PAGE_CHARS = 250_000;
/** And has at most, but for one event. */
const MAX_BYTES = 1_000_000;

/**
 * Exports a part of the feed, step by step, in memory that does not grow with the events: while a page is encoded
 * and passed on, the next one is read, and no more than that. Personal data stays encrypted.
 *
 * @param signal breaks it off, the statement that runs included
 * @throws StoreUnavailableError, or the signal's reason
 */
export async function* exportEvents(
  rows: ExportedRows,
  part: ExportedPart,
  encoder: ExportEncoder,
  signal: AbortSignal,
): AsyncGenerator<ExportStep, void, undefined> {
  const done = new AbortController();
  const reading = AbortSignal.any([signal, done.signal]);
  const upTo = Number(part.upTo);
  let left = part.limit ?? Number.POSITIVE_INFINITY;
  let size = FIRST_ROWS;

  function read(after: FeedPosition): Promise<FeedPage<ExportedRow>> {
    const page = rows.page(
      {
        after,
        limit: Math.min(size, left),
        maxBytes: MAX_BYTES,
        filter: part.filter,
        archived: part.archived,
        columns: COLUMNS,
      },
      reading,
    );
    // The reader of the page gets its error. Without a reader it must not end the process.
    page.catch(() => {});
    return page;
  }

  let position = part.after;
  /** Rows that the encoder has kept. */
  let kept = 0;

  function* steps(pieces: Iterable<ExportPiece>, readTo: FeedPosition): Generator<ExportStep> {
    for (const piece of pieces) {
      if (piece.events > 0) position = piece.position;
      kept -= piece.events;
      yield { ...piece, position, readTo };
    }
  }

  try {
    let next = upTo > Number(part.after) && left > 0 ? read(part.after) : null;
    while (next) {
      const page: FeedPage<ExportedRow> = await next;
      const items = page.items.filter((row) => Number(row.position) <= upTo).map(wellFormedRow);
      left -= items.length;
      size = pageSize(items, size);
      const readTo = String(Math.min(Number(page.lookedTo), upTo));
      const isLast = page.atEnd || readTo === part.upTo || left <= 0;
      next = isLast ? null : read(readTo);
      kept += items.length;
      yield* steps(encoder.add(items), readTo);
      if (kept > 0) continue;
      position = readTo;
      if (items.length === 0) yield { bytes: NOTHING, events: 0, position, readTo };
    }
    yield* steps(encoder.end(true), part.upTo);
    yield { bytes: NOTHING, events: 0, position: part.upTo, readTo: part.upTo };
  } finally {
    done.abort();
  }
}

const NOTHING = new Uint8Array();

/** How many rows the next page may have, after one with these. */
function pageSize(items: readonly ExportedRow[], size: number): number {
  if (items.length === 0) return size;
  let chars = 0;
  for (const row of items) {
    for (const value of Object.values(row)) if (typeof value === 'string') chars += value.length;
  }
  const fitting = Math.floor(PAGE_CHARS / Math.max(1, chars / items.length));
  return Math.max(1, Math.min(fitting, 2 * size, MAX_ROWS));
}
