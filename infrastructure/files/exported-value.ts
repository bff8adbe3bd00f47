import type { ExportColumnName, ExportedRow } from '../../domain/export/index.ts';
import { decodeName } from '../sql/process-name.ts';

/** The value of a column in an export: as it is stored, but for the name of the process, which is in plain letters. */
export function exportedValue<Name extends ExportColumnName>(
  row: ExportedRow,
  column: Name,
): ExportedRow[Name] {
  const value = row[column];
  if (column !== 'process_name' || typeof value !== 'string') return value;
  return decodeName(value) as ExportedRow[Name];
}
