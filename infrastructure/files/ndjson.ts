import type { ExportEncoder } from './export-encoder.ts';
import { exportLine } from './export-line.ts';

/** A JSON object on a line of its own for each event (https://github.com/ndjson/ndjson-spec). */
export function createLineEncoder(): ExportEncoder {
  return {
    *add(rows) {
      const last = rows.at(-1);
      if (!last) return;
      let lines = '';
      for (const row of rows) lines += `${JSON.stringify(exportLine(row))}\n`;
      yield { bytes: Buffer.from(lines), events: rows.length, position: String(last.position) };
    },
    end: () => [],
  };
}
