import { stringify } from 'csv-stringify/sync';
import { EXPORT_COLUMN_NAMES, type ExportEncoder } from '../../domain/export/index.ts';
import { exportedValue } from './exported-value.ts';

const OPTIONS = {
  record_delimiter: '\r\n',
  // What is not there is nothing, an empty text is "". Whatever is more than a plain word is quoted: a line break of
  // any kind, a blank at an edge, and whatever a reader with other settings might take for a delimiter or a comment.
  quoted_match: /^$|[^\w.:/+-]/,
};
/**
 * A text that a spreadsheet would run as a formula (https://owasp.org/www-community/attacks/CSV_Injection), also in
 * wide or small form or behind blanks and line breaks, which some of them drop. One that begins with an apostrophe is
 * among them, so that every apostrophe at the beginning of a field is the guard's.
 */
const GUARDED =
  /^(?:['\t\r\n]|[\p{Z}\p{C}]*[=+\-@\u2212\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20])/u;

/** Puts an apostrophe before such a text: parts of events come from callers and partners. */
function guarded(value: unknown): unknown {
  return typeof value === 'string' && GUARDED.test(value) ? `'${value}` : value;
}

/**
 * CSV of RFC 4180 in UTF-8 with the columns of event_log. A reader that takes one apostrophe from the beginning of each
 * field that has one has every text as it is stored.
 *
 * @param header whether it begins with their names
 */
export function createCsvEncoder(header: boolean): ExportEncoder {
  let pending = header ? stringify([[...EXPORT_COLUMN_NAMES]], OPTIONS) : '';
  return {
    *add(rows) {
      const last = rows.at(-1);
      if (!last) return;
      const lines = stringify(
        rows.map((row) => EXPORT_COLUMN_NAMES.map((name) => guarded(exportedValue(row, name)))),
        OPTIONS,
      );
      const bytes = Buffer.from(pending + lines);
      pending = '';
      yield { bytes, events: rows.length, position: String(last.position) };
    },
    *end(complete) {
      if (complete && pending !== '')
        yield { bytes: Buffer.from(pending), events: 0, position: '0' };
    },
  };
}
