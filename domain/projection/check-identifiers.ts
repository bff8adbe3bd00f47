import type { IdentifierRow, IndexedProcess } from '../identifiers/index.ts';

const NONE: IndexedProcess = { rows: [], isLocked: false };

/**
 * Compares the rows of identifiers with those that the first event leads to.
 *
 * @param expected null: the process has none
 * @returns what is wrong, with the names of the identifiers and without their values; null when they agree
 */
export function checkIdentifiers(
  found: readonly IdentifierRow[],
  expected: IndexedProcess | null,
): string | null {
  const { rows, isLocked } = expected ?? NONE;
  // Without the master key it is not known which personal ones there are.
  const compared = isLocked ? found.filter(({ isHashed }) => !isHashed) : found;
  const byName = new Map(compared.map((row) => [row.name, row]));
  const wrong: string[] = [];
  for (const row of rows) {
    const one = byName.get(row.name);
    byName.delete(row.name);
    if (!one) wrong.push(`${row.name} is missing`);
    else if (!isSame(one, row)) wrong.push(`${row.name} is not that of the first event`);
  }
  for (const name of byName.keys()) wrong.push(`the first event has no ${name}`);
  return wrong.length > 0 ? wrong.join('; ') : null;
}

function isSame(one: IdentifierRow, other: IdentifierRow): boolean {
  return (
    one.value === other.value &&
    one.number === other.number &&
    one.isHashed === other.isHashed &&
    one.processName === other.processName
  );
}
