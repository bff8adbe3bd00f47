export {
  EXPORT_COLUMN_NAMES,
  EXPORT_COLUMNS,
  type ExportColumnName,
  type ExportedRow,
} from './export-columns.ts';
export type { ExportEncoder, ExportPiece } from './export-encoder.ts';
export {
  type ExportedPart,
  type ExportedRows,
  type ExportStep,
  exportEvents,
} from './export-events.ts';
