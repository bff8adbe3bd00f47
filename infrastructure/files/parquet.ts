import {
  EXPORT_COLUMNS,
  type ExportEncoder,
  type ExportedRow,
  type ExportPiece,
} from '../../domain/export/index.ts';
import { exportedValue } from './exported-value.ts';
import { createParquetEncoder, type ParquetEncoder } from './parquet-encoder.ts';
import { parquetColumns } from './row-columns.ts';

const COLUMNS = parquetColumns<ExportedRow>(EXPORT_COLUMNS);

/** Events of one Parquet file, about: what a killed run has to do again at most. */
export const MAX_FILE_EVENTS = 500_000;

/**
 * Parquet files of events; a piece is a row group.
 *
 * @param options `maxFileEvents`: after so many events another file begins; left out: all are in one.
 *   `isFirst`: there is no file yet, so that one is made even of no events
 */
export function createParquetExport({
  maxFileEvents = Number.POSITIVE_INFINITY,
  isFirst = true,
} = {}): ExportEncoder {
  let file: ParquetEncoder<ExportedRow> | null = null;
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
        const group = file.add({ ...row, process_name: exportedValue(row, 'process_name') });
        fileEvents++;
        if (group) yield { bytes: group.bytes, events: group.rows, position };
        if (fileEvents >= maxFileEvents) yield* end();
      }
    },
    end,
  };
}
