import sql from 'mssql';
import { expect, vi } from 'vitest';

/**
 * Expects that the bulk loads of some work name exactly the columns with NULL as such: SQL Server itself
 * refuses any other, and servers that speak T-SQL without being SQL Server take them all the same.
 */
export async function expectTrueBulkLoads(
  pool: sql.ConnectionPool,
  work: () => Promise<unknown>,
): Promise<string[]> {
  const bulk = vi.spyOn(sql.Request.prototype, 'bulk');
  try {
    await work();
    const tables = bulk.mock.calls.map(([table]) => table as sql.Table);
    for (const { name = '', columns } of tables) {
      const { recordset } = await pool.request().query(
        `SELECT COLUMN_NAME AS name FROM INFORMATION_SCHEMA.COLUMNS
           WHERE IS_NULLABLE = 'YES' AND TABLE_NAME = '${name.replace('_rebuild', '')}'`,
      );
      const withNull = recordset.map((row) => row.name);
      const loaded = columns.map((column) => ({ name: column.name, nullable: column.nullable }));
      expect(loaded, name).toEqual(
        loaded.map((column) => ({ name: column.name, nullable: withNull.includes(column.name) })),
      );
    }
    return [...new Set(tables.map(({ name }) => String(name)))].sort();
  } finally {
    bulk.mockRestore();
  }
}
