import type { FeedPosition } from '../../domain/feed/index.ts';
import type { FeedRow } from '../sql/feed-rows.ts';

/** Bytes that are whole: an export can go on behind them. */
export interface ExportPiece {
  bytes: Uint8Array;
  /** Events in them. */
  events: number;
  /** The position of the last of them. */
  position: FeedPosition;
  /** What the end of a Parquet file says about them. */
  entry?: Uint8Array;
}

/** What an export is made of that is gone on with. */
export interface Exported {
  events: number;
  bytes: number;
  /** Parquet: the entries of all pieces, in order. */
  entries: readonly Uint8Array[];
}

export interface ExportEncoder {
  /** Pieces as far as they are whole; rows may be kept for the next. */
  add(rows: readonly FeedRow[]): Iterable<ExportPiece>;
  /** The rows that were kept, as the last pieces. */
  rest(): Iterable<ExportPiece>;
  /** What follows the last event. */
  end(): Uint8Array;
}
