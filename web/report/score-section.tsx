import { useMemo } from 'preact/hooks';
import type { ScoreTable } from '../../src/report/report-tables.js';
import type { Address, Choose } from './address.js';
import { type SortedColumn, SortedTable } from '../shared/sorted-table.js';

type Row = ScoreTable['rows'][number];

interface ScoreSectionProps {
  table: ScoreTable;
  /** Its place among the tables. */
  at: number;
  address: Address;
  choose: Choose;
  isShown: (model: string) => boolean;
}

/** The scorecards of a set. */
export function ScoreSection({ table, at, address, choose, isShown }: ScoreSectionProps) {
  const isAll = address.get('metrics') === 'all';
  const shown = useMemo(
    () =>
      table.columns
        .map((column, at) => ({ ...column, at }))
        .filter((column) => isAll || column.isListed),
    [table, isAll],
  );
  const columns = useMemo(
    (): SortedColumn<Row>[] => [
      {
        id: 'model',
        label: 'model',
        value: ({ model }) => model,
        cell: ({ model }) => model,
        isText: true,
      },
      ...shown.map(({ name, label, at }): SortedColumn<Row> => ({
        id: name,
        label,
        value: ({ cells }) => cells[at]?.value ?? null,
        cell: ({ cells }) => <Cell cell={cells[at] ?? null} />,
      })),
    ],
    [shown],
  );
  const rows = useMemo(() => table.rows.filter(({ model }) => isShown(model)), [table, isShown]);
  const key = `table${at + 1}.sort`;
  return (
    <div class="scores">
      <SortedTable
        caption={table.set}
        columns={columns}
        rows={rows}
        sort={address.get(key) ?? null}
        onSort={(sort) => {
          choose(key, sort);
        }}
        fixed={
          <>
            <SummaryRow name="images" values={shown.map(({ at }) => imagesOf(table, at))} />
            {table.chance.some((text) => text !== '') && (
              <SummaryRow name="chance" values={shown.map(({ at }) => table.chance[at] ?? '')} />
            )}
          </>
        }
      />
      {table.notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
    </div>
  );
}

/** The numbers of images; models may have different ones. */
function imagesOf({ rows }: ScoreTable, at: number): string {
  return [...new Set(rows.flatMap(({ cells }) => cells[at]?.n ?? []))].join(', ');
}

function SummaryRow({ name, values }: { name: string; values: string[] }) {
  return (
    <tr class="summary">
      <th scope="row" class="text">
        {name}
      </th>
      {values.map((value, at) => (
        <td key={at}>{value}</td>
      ))}
    </tr>
  );
}

function Cell({ cell }: { cell: Row['cells'][number] }) {
  if (!cell) return <>-</>;
  return (
    <>
      {cell.text}
      {cell.isFew && (
        <abbr title={`only ${cell.n} images: no interval`} class="few">
          *
        </abbr>
      )}
      {cell.interval !== '' && <span class="interval">{cell.interval}</span>}
    </>
  );
}
