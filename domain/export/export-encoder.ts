import type { FeedPosition } from '../feed/index.ts';
import type { ExportedRow } from './export-columns.ts';

/** Bytes of an export. */
export interface ExportPiece {
  bytes: Uint8Array;
  /** Events in them. */
  events: number;
  /** All events up to here are in the pieces so far. */
  position: FeedPosition;
  /** With them the file is whole; what follows is another file. */
  endsFile?: boolean;
}

/** Makes the bytes of a format. */
export interface ExportEncoder {
  /** Pieces as far as there are enough rows for one; the others are kept. */
  add(rows: readonly ExportedRow[]): Iterable<ExportPiece>;
  /**
   * The rows that were kept, and what ends the file.
   *
   * @param complete nothing follows: then there is a file even of no events
   */
  end(complete: boolean): Iterable<ExportPiece>;
}
