import { EVENT_LOG_ARCHIVE } from '../sql/columns.ts';
import type { FeedRow } from '../sql/feed-rows.ts';
import { exportedValue } from './export-columns.ts';
import type { ExportEncoder, ExportPiece } from './export-encoder.ts';
import { createParquetEncoder, type ParquetEncoder } from './parquet-encoder.ts';
import { parquetColumns } from './row-columns.ts';

/** The links of the hash chain are worth nothing without the stream. A live event is not archived. */
const { hash: _, ...EXPORTED } = EVENT_LOG_ARCHIVE;
const COLUMNS = parquetColumns<FeedRow>({
  ...EXPORTED,
  archived_at: { type: 'time', nullable: true },
});

/** Events of one Parquet file, about: what a killed run has to do again at most. */
export const MAX_FILE_EVENTS = 500_000;

/**
 * Parquet files with the columns of event_log; a piece is a row group.
 *
 * @param options `maxFileEvents`: after so many events another file begins; left out: all are in one.
 *   `isFirst`: there is no file yet, so that one is made even of no events
 */
export function createParquetExport({
  maxFileEvents = Number.POSITIVE_INFINITY,
  isFirst = true,
} = {}): ExportEncoder {
  let file: ParquetEncoder<FeedRow> | null = null;
  let fileEvents = 0;
  let position = '0';
  let files = isFirst ? 0 : 1;

  function* end(complete = false): Generator<ExportPiece> {
    if (complete && files === 0) file ??= createParquetEncoder(COLUMNS);
    if (!file) return;
    const { bytes, rows } = file.end();
    file = null;
    fileEvents = 0;
    files++;
    yield { bytes, events: rows, position, endsFile: true };
  }

  return {
    *add(rows) {
      for (const row of rows) {
        position = String(row.position);
        file ??= createParquetEncoder(COLUMNS);
        const group = file.add({
          ...row,
          process_name: exportedValue(row, 'process_name') as string | null,
        });
        fileEvents++;
        if (group) yield { bytes: group.bytes, events: group.rows, position };
        if (fileEvents >= maxFileEvents) yield* end();
      }
    },
    end,
  };
}
