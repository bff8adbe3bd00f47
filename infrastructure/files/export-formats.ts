import type { ExportEncoder } from '../../domain/export/index.ts';
import { createCsvEncoder } from './csv.ts';
import { createLineEncoder } from './ndjson.ts';
import { createParquetExport } from './parquet.ts';

export const EXPORT_FORMATS = ['ndjson', 'csv', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

interface EncoderOptions {
  format: ExportFormat;
  /** An earlier run has exported something, and this resumes behind it. */
  resumed?: boolean;
  /** Parquet: events after which another file begins; left out: all are in one. */
  maxFileEvents?: number | undefined;
}

export function createExportEncoder(options: EncoderOptions): ExportEncoder {
  const { format, resumed = false, maxFileEvents } = options;
  switch (format) {
    case 'ndjson':
      return createLineEncoder();
    case 'csv':
      return createCsvEncoder(!resumed);
    case 'parquet':
      return createParquetExport({ isFirst: !resumed, maxFileEvents });
    default:
      throw new RangeError(`unknown format ${format satisfies never}`);
  }
}
