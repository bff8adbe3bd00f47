import { EVENT_LOG_ARCHIVE } from '../sql/columns.ts';
import type { FeedRow } from '../sql/feed-rows.ts';
import { exportedValue } from './export-columns.ts';
import type { ExportEncoder, Exported, ExportPiece } from './export-encoder.ts';
import { createParquetEncoder, type RowGroup } from './parquet-encoder.ts';
import { parquetColumns } from './row-columns.ts';

/** The links of the hash chain are worth nothing without the stream. A live event is not archived. */
const { hash: _, ...EXPORTED } = EVENT_LOG_ARCHIVE;
const COLUMNS = parquetColumns<FeedRow>({
  ...EXPORTED,
  archived_at: { type: 'time', nullable: true },
});

/** A Parquet file with the columns of event_log; a piece is a row group. */
export function createParquetExport(exported?: Exported): ExportEncoder {
  const encoder = createParquetEncoder(COLUMNS, exported && { ...exported, rows: exported.events });
  let position = '0';

  function* piece(group: RowGroup | null): Generator<ExportPiece> {
    if (!group) return;
    const { bytes, rows, entry } = group;
    yield { bytes, events: rows, position, entry };
  }

  return {
    *add(rows) {
      for (const row of rows) {
        position = String(row.position);
        yield* piece(
          encoder.add({
            ...row,
            process_name: exportedValue(row, 'process_name') as string | null,
          }),
        );
      }
    },
    rest: () => piece(encoder.rest()),
    end: encoder.end,
  };
}
