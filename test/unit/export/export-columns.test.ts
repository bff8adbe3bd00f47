import { describe, expect, it } from 'vitest';
import { EXPORT_COLUMNS } from '../../../domain/export/export-columns.ts';
import { parquetColumns } from '../../../infrastructure/files/row-columns.ts';
import { EVENT_LOG_ARCHIVE } from '../../../infrastructure/sql/columns.ts';

describe('the columns of an export', () => {
  it('are those of event_log and its archive, in their order and with their types, but for the hash', () => {
    const described = (columns: ReturnType<typeof parquetColumns<Record<string, unknown>>>) =>
      columns.map(({ name, type, nullable, isLong }) => ({ name, type, nullable, isLong }));
    const { hash: _, ...stored } = EVENT_LOG_ARCHIVE;
    // Live events are exported, too, which are not archived.
    const table = { ...stored, archived_at: { type: 'time', nullable: true } } as const;
    expect(described(parquetColumns(EXPORT_COLUMNS))).toEqual(described(parquetColumns(table)));
  });
});
