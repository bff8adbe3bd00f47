import type { FeedPosition } from '../../domain/ports/event-feed.ts';
import type { FeedRow } from '../sql/feed-rows.ts';
import { createCsvEncoder } from './csv.ts';
import { createLineEncoder } from './ndjson.ts';
import { createParquetExport } from './parquet.ts';

export const EXPORT_FORMATS = ['ndjson', 'csv', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

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

export interface EncoderOptions {
  format: ExportFormat;
  /** What a line of ndjson says of an event. */
  toLine: (row: FeedRow) => object;
  /** Goes on behind what there is. */
  exported?: Exported | undefined;
}

export function createExportEncoder({ format, toLine, exported }: EncoderOptions): ExportEncoder {
  switch (format) {
    case 'ndjson':
      return createLineEncoder(toLine);
    case 'csv':
      return createCsvEncoder(!exported || exported.bytes === 0);
    case 'parquet':
      return createParquetExport(exported);
    default:
      throw new RangeError(`unknown format ${format satisfies never}`);
  }
}
