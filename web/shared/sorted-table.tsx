import {
  type ColumnDef,
  createSortedRowModel,
  rowSortingFeature,
  type SortingState,
  sortFn_basic,
  tableFeatures,
  useTable,
} from '@tanstack/preact-table';
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';

/** A column that the rows are sorted by. */
export interface SortedColumn<Row> {
  id: string;
  label: ComponentChildren;
  /** What is sorted by; null comes last. */
  value: (row: Row) => string | number | null;
  cell: (row: Row) => ComponentChildren;
  /** Whether it is text, on the left. */
  isText?: boolean;
}

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { basic: sortFn_basic },
});

interface TableProps<Row> {
  caption: string;
  columns: readonly SortedColumn<Row>[];
  rows: readonly Row[];
  /** `name.desc`; null for the order that the rows have. */
  sort: string | null;
  onSort: (sort: string | null) => void;
  /** A row below the head that stays there. */
  fixed?: ComponentChildren;
}

/** A table whose columns sort its rows. */
export function SortedTable<Row extends object>(props: TableProps<Row>) {
  const { caption, columns, rows, sort, onSort, fixed } = props;
  const definitions = useMemo(
    () =>
      columns.map(({ id, value, isText }): ColumnDef<typeof features, Row> => ({
        id,
        accessorFn: (row) => value(row) ?? undefined,
        sortFn: 'basic',
        sortUndefined: 'last',
        sortDescFirst: isText !== true,
      })),
    [columns],
  );
  const [, column, direction] = /^(.*)\.(asc|desc)$/.exec(sort ?? '') ?? [];
  const sorting: SortingState =
    column !== undefined && columns.some(({ id }) => id === column)
      ? [{ id: column, desc: direction === 'desc' }]
      : [];
  const table = useTable({
    features,
    columns: definitions,
    data: rows,
    state: { sorting },
    onSortingChange: (update) => {
      const [next] = typeof update === 'function' ? update(sorting) : update;
      onSort(next ? `${next.id}.${next.desc ? 'desc' : 'asc'}` : null);
    },
  });
  const sortedBy = sorting[0];
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ id, label, isText }) => (
              <th
                key={id}
                scope="col"
                class={isText ? 'text' : ''}
                aria-sort={
                  sortedBy?.id !== id ? 'none' : sortedBy.desc ? 'descending' : 'ascending'
                }
              >
                <button
                  type="button"
                  class="sort"
                  onClick={() => {
                    table.getColumn(id)?.toggleSorting();
                  }}
                >
                  {label}
                  <span aria-hidden="true">
                    {sortedBy?.id !== id ? '' : sortedBy.desc ? ' \u25be' : ' \u25b4'}
                  </span>
                </button>
              </th>
            ))}
          </tr>
          {fixed}
        </thead>
        <tbody>
          {table.getRowModel().rows.map((row) => (
            <tr key={row.id}>
              {columns.map(({ id, cell, isText }, at) =>
                at === 0 ? (
                  <th key={id} scope="row" class="text">
                    {cell(row.original)}
                  </th>
                ) : (
                  <td key={id} class={isText ? 'text' : ''}>
                    {cell(row.original)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
