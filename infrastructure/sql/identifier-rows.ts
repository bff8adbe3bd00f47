import type { JsonObject } from '../../domain/common/index.ts';
import type { IdentifierRow } from '../../domain/identifiers/index.ts';
import type { StoredEvent } from '../../domain/process/index.ts';
import { IDENTIFIER_COLUMNS, type IdentifierColumns } from './columns.ts';
import { decodeName, encodeName } from './process-name.ts';

/** The columns of a row of the index of identifiers. */
export function toIdentifierColumns(row: IdentifierRow): IdentifierColumns {
  return {
    correlation_id: row.correlationId,
    process_name: encodeName(row.processName),
    name: row.name,
    value: row.value,
    number: row.number,
    is_hashed: row.isHashed ? 1 : 0,
  };
}

/** A row of either table of identifiers. */
export function fromIdentifierColumns(columns: IdentifierColumns): IdentifierRow {
  return {
    correlationId: columns.correlation_id,
    processName: decodeName(columns.process_name),
    name: columns.name,
    value: columns.value,
    number: columns.number,
    isHashed: columns.is_hashed === 1,
  };
}

/** Rows as one JSON parameter, so that one statement writes many: each an array in the order of the columns. */
export function identifiersAsJson(rows: readonly IdentifierRow[]): string {
  return JSON.stringify(
    rows.map((row) => {
      const columns = toIdentifierColumns(row);
      return IDENTIFIER_COLUMNS.map((name) => columns[name]);
    }),
  );
}

/** What the index of identifiers needs of the first event of a process. */
export const sourceOf = ({ correlationId, processName, identity }: StoredEvent) => ({
  correlationId,
  processName,
  identifiers: identity.identifiers,
});

/** The identifiers in the column of an event; none in a text that somebody damaged. */
export function readIdentifiers(text: string | null): JsonObject | undefined {
  if (text === null) return undefined;
  try {
    const found: unknown = JSON.parse(text);
    return found !== null && typeof found === 'object' ? (found as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
