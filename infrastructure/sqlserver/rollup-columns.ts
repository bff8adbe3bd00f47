import sql from 'mssql';
import type { RollupRow, RollupTable } from '../sql/rollup-rows.ts';

interface ColumnType {
  /** As the driver sends it; a new object each time, because a bulk load writes into it. */
  sent: () => sql.ISqlType;
  /** As a table variable declares it: keys are compared byte by byte. */
  declared: string;
  /** As OPENJSON takes it, which has no collations. */
  read: string;
  required: boolean;
}

const key = (length: number): ColumnType => ({
  sent: () => sql.VarChar(length),
  declared: `VARCHAR(${length}) COLLATE Latin1_General_BIN2`,
  read: `VARCHAR(${length})`,
  required: true,
});
const plain = (sent: () => sql.ISqlType, name: string, required: boolean): ColumnType => ({
  ...{ sent, declared: name, read: name, required },
});
const bigint = (required: boolean): ColumnType => plain(() => sql.BigInt(), 'BIGINT', required);
const text = plain(() => sql.NVarChar(sql.MAX), 'NVARCHAR(MAX)', false);

const TYPES: Readonly<Record<string, ColumnType>> = {
  generation: plain(() => sql.Int(), 'INT', true),
  grain: plain(() => sql.Int(), 'INT', true),
  bucket_start: plain(() => sql.DateTime2(3), 'DATETIME2(3)', true),
  process_name: key(255),
  step_name: key(255),
  target_system: key(255),
  status: key(50),
  error_key: key(32),
  event_type: key(50),
  error_message: text,
  event_count: bigint(true),
  timed_count: bigint(true),
  sum_ms: bigint(true),
  histogram: text,
};
const typeOf = (name: string): ColumnType => TYPES[name] ?? bigint(false);

/** Statements that put the keys of a JSON parameter into a table variable. */
export function readKeys(variable: string, names: readonly string[], parameter: string): string {
  const list = names.join(', ');
  const columns = (how: 'declared' | 'read'): string =>
    names.map((name) => `${name} ${typeOf(name)[how]}`).join(', ');
  return `DECLARE ${variable} TABLE (${columns('declared')});
INSERT INTO ${variable} (${list}) SELECT ${list} FROM OPENJSON(${parameter}) WITH (${columns('read')});`;
}

/** The condition that both have the same keys. */
export function sameKeys(a: string, b: string, names: readonly string[]): string {
  return names.map((name) => `${a}.${name} = ${b}.${name}`).join(' AND ');
}

/** The JSON for `readKeys`. */
export function keysJson(rows: readonly RollupRow[], names: readonly string[]): string {
  return JSON.stringify(
    rows.map((row) =>
      Object.fromEntries(names.map((name) => [name, jsonValue(name, row[name] ?? null)])),
    ),
  );
}

/** A time without its zone: all are UTC. */
function jsonValue(name: string, value: string | number | null): string | number | null {
  return name === 'bucket_start' ? String(value).replace('Z', '') : value;
}

/** Rows for a bulk load. */
export function bulkOf(
  table: RollupTable,
  generation: number,
  rows: readonly RollupRow[],
): sql.Table {
  const bulk = new sql.Table(table.name);
  const names = ['generation', ...table.columns];
  for (const name of names) {
    const { sent, required } = typeOf(name);
    bulk.columns.add(name, sent(), { nullable: !required });
  }
  for (const row of rows) {
    const values = table.columns.map((name) => {
      const value = row[name] ?? null;
      return name === 'bucket_start' ? new Date(String(value)) : value;
    });
    bulk.rows.add(generation, ...values);
  }
  return bulk;
}
