import { stringify } from 'csv-stringify/sync';
import { EXPORTED_COLUMNS } from './export-columns.ts';
import type { ExportEncoder } from './export-encoder.ts';

const NAMES = ['id', ...EXPORTED_COLUMNS] as const;
const OPTIONS = {
  record_delimiter: '\r\n',
  // What is not there is nothing, an empty text is "".
  quoted_match: /^$/,
  // A text that a spreadsheet would run as a formula begins with an apostrophe
  // (https://owasp.org/www-community/attacks/CSV_Injection): parts of events come from callers and partners.
  escape_formulas: true,
};

/**
 * CSV of RFC 4180 in UTF-8 with the columns of event_log.
 *
 * @param header whether it begins with their names
 */
export function createCsvEncoder(header: boolean): ExportEncoder {
  let pending = header ? stringify([[...NAMES]], OPTIONS) : '';
  return {
    *add(rows) {
      const last = rows.at(-1);
      if (!last) return;
      const lines = stringify(
        rows.map((row) => NAMES.map((name) => row[name])),
        OPTIONS,
      );
      const bytes = Buffer.from(pending + lines);
      pending = '';
      yield { bytes, events: rows.length, position: String(last.position) };
    },
    rest: () => [],
    end: () => Buffer.from(pending),
  };
}
