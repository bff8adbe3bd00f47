import { createCsvEncoder } from './csv.ts';
import type { ExportEncoder, Exported } from './export-encoder.ts';
import { createLineEncoder } from './ndjson.ts';
import { createParquetExport } from './parquet.ts';

export const EXPORT_FORMATS = ['ndjson', 'csv', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

interface EncoderOptions {
  format: ExportFormat;
  /** Goes on behind what there is. */
  exported?: Exported | undefined;
}

export function createExportEncoder({ format, exported }: EncoderOptions): ExportEncoder {
  switch (format) {
    case 'ndjson':
      return createLineEncoder();
    case 'csv':
      return createCsvEncoder(!exported || exported.bytes === 0);
    case 'parquet':
      return createParquetExport(exported);
    default:
      throw new RangeError(`unknown format ${format satisfies never}`);
  }
}
