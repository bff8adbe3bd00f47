import {
  createSortedRowModel,
  type RowSelectionState,
  rowSelectionFeature,
  rowSortingFeature,
  type SortingState,
  sortFn_alphanumeric,
  sortFn_text,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useMemo, useState } from 'react';

const features = tableFeatures({
  rowSelectionFeature,
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, text: sortFn_text },
});

/** A column of a table of rows. */
export interface Column<Row> {
  id: string;
  title: string;
  /** `number` aligns to the right, `wide-only` is left out on narrow screens. */
  className?: string;
  cell(row: Row): ReactNode;
  /** Left out: the table cannot be sorted by this column. */
  sortBy?(row: Row): string | number;
}

/** Which rows are chosen, by their ids. */
export interface Choice<Row> {
  chosen: ReadonlySet<string>;
  onChange(chosen: ReadonlySet<string>): void;
  nameOf(row: Row): string;
}

interface DataTableProps<Row> {
  /** What the rows are, for screen readers. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  idOf(row: Row): string;
  /** Left out: rows cannot be chosen. */
  choice?: Choice<Row> | undefined;
}

/** A table of rows: sorted by its columns, rows chosen by check boxes, and the links in it reached by arrow keys. */
export function DataTable<Row extends object>(props: DataTableProps<Row>) {
  const { label, columns, rows, idOf, choice } = props;
  const [sorting, setSorting] = useState<SortingState>([]);
  const rowSelection = useMemo<RowSelectionState>(
    () => Object.fromEntries([...(choice?.chosen ?? [])].map((id) => [id, true])),
    [choice?.chosen],
  );
  const table = useTable({
    features,
    columns: useMemo(() => columns.map(tableColumn), [columns]),
    data: rows as Row[],
    getRowId: idOf,
    state: { sorting, rowSelection },
    onSortingChange: setSorting,
    onRowSelectionChange(update) {
      const next = typeof update === 'function' ? update(rowSelection) : update;
      choice?.onChange(new Set(Object.keys(next).filter((id) => next[id])));
    },
    enableRowSelection: choice !== undefined,
  });
  const classOf = new Map(columns.map(({ id, className }) => [id, className]));

  return (
    // A region that scrolls must be reached by keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section className="table-scroll" tabIndex={0} aria-label={label}>
      <table>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {choice && (
                <th className="choice" scope="col">
                  <input
                    type="checkbox"
                    aria-label="Choose all rows that are shown"
                    checked={table.getIsAllRowsSelected()}
                    onChange={table.getToggleAllRowsSelectedHandler()}
                  />
                </th>
              )}
              {group.headers.map(({ id, column }) => {
                const order = column.getIsSorted();
                return (
                  <th
                    key={id}
                    scope="col"
                    className={classOf.get(id)}
                    aria-sort={order ? (order === 'asc' ? 'ascending' : 'descending') : undefined}
                  >
                    <HeaderCell
                      title={String(column.columnDef.header)}
                      order={order}
                      onSort={column.getCanSort() ? column.getToggleSortingHandler() : undefined}
                    />
                  </th>
                );
              })}
            </tr>
          ))}
        </thead>
        <tbody onKeyDown={moveBetweenRows}>
          {table.getRowModel().rows.map((row) => (
            <tr key={row.id} className={row.getIsSelected() ? 'is-chosen' : undefined}>
              {choice && (
                <td className="choice">
                  <input
                    type="checkbox"
                    aria-label={`Choose ${choice.nameOf(row.original)}`}
                    checked={row.getIsSelected()}
                    onChange={row.getToggleSelectedHandler()}
                  />
                </td>
              )}
              {row.getAllCells().map((cell) => (
                <td key={cell.id} className={classOf.get(cell.column.id)}>
                  <table.FlexRender cell={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function HeaderCell({
  title,
  order,
  onSort,
}: {
  title: string;
  order: false | 'asc' | 'desc';
  onSort: ((event: unknown) => void) | undefined;
}) {
  if (!onSort) return title;
  return (
    <button type="button" onClick={onSort}>
      {title}
      {order === 'asc' && <ArrowUp aria-hidden />}
      {order === 'desc' && <ArrowDown aria-hidden />}
    </button>
  );
}

function tableColumn<Row extends object>({ id, title, cell, sortBy }: Column<Row>) {
  return {
    id,
    header: title,
    accessorFn: sortBy ?? (() => ''),
    enableSorting: sortBy !== undefined,
    sortDescFirst: true,
    cell: ({ row }: { row: { original: Row } }) => cell(row.original),
  };
}

/** Arrow keys move the focus to the first link of the row above or below. */
function moveBetweenRows(event: KeyboardEvent): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const row = (event.target as Element).closest('tr');
  const next = event.key === 'ArrowDown' ? row?.nextElementSibling : row?.previousElementSibling;
  const link = next?.querySelector<HTMLElement>('a, button');
  if (!link) return;
  event.preventDefault();
  link.focus();
}
