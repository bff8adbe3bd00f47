import sql from 'mssql';
import { unreachable } from '../../domain/process/index.ts';
import type { Column, Columns } from '../sql/columns.ts';

type Value = string | number | Uint8Array | null;

/** The type of a column as the driver sends it; a new object each time, because a bulk load writes into it. */
export function sqlType(column: Column): sql.ISqlType {
  const { type } = column;
  switch (type) {
    case 'varchar':
      return sql.VarChar(column.length);
    case 'nvarchar':
      return sql.NVarChar(column.length);
    case 'binary':
      return sql.VarBinary(column.length);
    case 'text':
      return sql.NVarChar(sql.MAX);
    case 'bigint':
      return sql.BigInt();
    case 'integer':
      return sql.Int();
    case 'smallint':
      return sql.SmallInt();
    case 'float':
      return sql.Float();
    case 'time':
      return sql.DateTime2(3);
    default:
      return unreachable(type);
  }
}

/** A value of a column as the driver takes it. */
export function sqlValue({ type }: Column, value: Value): string | number | Buffer | Date | null {
  if (value === null) return null;
  if (type === 'time') return new Date(String(value));
  if (type === 'bigint') return String(value);
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}

/**
 * Rows for a bulk load. SQL Server refuses one that declares a NOT NULL column as nullable ("Invalid column
 * type from bcp client", https://github.com/tediousjs/node-mssql/issues/285).
 */
export function bulkTable(
  name: string,
  columns: Columns,
  rows: readonly (readonly Value[])[],
): sql.Table {
  const table = new sql.Table(name);
  const list = Object.entries(columns);
  for (const [column, definition] of list) {
    table.columns.add(column, sqlType(definition), { nullable: definition.nullable ?? false });
  }
  for (const row of rows) {
    table.rows.add(...list.map(([, definition], at) => sqlValue(definition, row[at] ?? null)));
  }
  return table;
}
