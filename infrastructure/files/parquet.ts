import type { FeedRow } from '../sql/feed-rows.ts';
import { EXPORTED_COLUMNS, exportedValue } from './export-columns.ts';
import type { ExportEncoder, Exported, ExportPiece } from './export-encoder.ts';
import { createParquetEncoder, type RowGroup } from './parquet-encoder.ts';
import { columnsOf } from './row-columns.ts';

/** Whatever is live was not archived. */
const COLUMNS = columnsOf<FeedRow>(['id', ...EXPORTED_COLUMNS], ['archived_at']);

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
