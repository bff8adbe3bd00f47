import type { FeedRow } from '../sql/feed-rows.ts';
import type { ExportEncoder } from './export-encoder.ts';

/** A JSON object on a line of its own for each event (https://github.com/ndjson/ndjson-spec). */
export function createLineEncoder(toLine: (row: FeedRow) => object): ExportEncoder {
  return {
    *add(rows) {
      const last = rows.at(-1);
      if (!last) return;
      let lines = '';
      for (const row of rows) lines += `${JSON.stringify(toLine(row))}\n`;
      yield { bytes: Buffer.from(lines), events: rows.length, position: String(last.position) };
    },
    rest: () => [],
    end: () => new Uint8Array(),
  };
}
