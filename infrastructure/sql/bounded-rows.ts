import type { Page, PageSize } from '../../domain/process/index.ts';

/** The first rows of a query. */
export interface BoundedRows<Row> {
  rows: Row[];
  /** Bytes of their texts, as if each character were one. */
  bytes: number;
  /** True when the bytes were the limit: there may be more rows. */
  isCut: boolean;
}

/** Takes rows one by one until they have so many bytes. */
export interface RowTaker<Row> extends BoundedRows<Row> {
  /** @returns whether another row may be taken */
  take(row: Row, values: readonly unknown[]): boolean;
}

/** A row is as long as its texts. The row that reaches `maxBytes` is taken: otherwise a long one never would be. */
export function createRowTaker<Row>(maxBytes: number): RowTaker<Row> {
  return {
    rows: [],
    bytes: 0,
    isCut: false,
    take(row, values) {
      this.rows.push(row);
      for (const value of values) {
        if (typeof value === 'string' || value instanceof Uint8Array) this.bytes += value.length;
      }
      this.isCut = this.bytes >= maxBytes;
      return !this.isCut;
    },
  };
}

/** A page of rows; the query asked for one row more than the page has. */
export function pageOf<Row, Item>(
  { rows, isCut }: Pick<BoundedRows<Row>, 'rows' | 'isCut'>,
  { limit }: Pick<PageSize, 'limit'>,
  toItem: (row: Row) => Item,
): Page<Item> {
  return { items: rows.slice(0, limit).map(toItem), atEnd: !isCut && rows.length <= limit };
}
