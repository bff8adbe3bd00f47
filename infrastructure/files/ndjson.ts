import type { ExportEncoder, ExportedRow } from '../../domain/export/index.ts';
import { publicEvent } from '../../domain/process/index.ts';
import { fromEventRow } from '../sql/event-row.ts';

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

/** The event of a row as a line holds it, personal data still encrypted. */
export function exportLine(row: ExportedRow): object {
  return {
    position: String(row.position),
    ...publicEvent(fromEventRow(String(row.id), row)),
  };
}
