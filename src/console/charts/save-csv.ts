/** Lets the browser save a table as a CSV file (RFC 4180). */
export function saveCsv(
  title: string,
  rows: readonly (readonly (string | number | null | undefined)[])[],
): void {
  const text = rows.map((row) => row.map(csvField).join(',')).join('\r\n');
  saveFile(`${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.csv`, `${text}\r\n`, 'text/csv');
}

/** Lets the browser save a text as a file. */
export function saveFile(name: string, text: string, type: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function csvField(value: string | number | null | undefined): string {
  const text = String(value ?? '');
  // A spreadsheet would run a text that begins like this as a formula.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
