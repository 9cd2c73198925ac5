import type { ChartData, Measured } from '../../src/report/chart-data.js';
import { tilesOf } from './examples.js';

/** The data of a chart as a table. */
export interface DataTable {
  head: string[];
  /** Numbers are shares or counts, to sort by; text is shown as it is. */
  rows: (string | number | null)[][];
  /** Whether the numbers of a column are shares of 1. */
  isShare: boolean[];
}

const MEASURED = ['low', 'high', 'n'] as const;

function measured(row: Measured): (number | null)[] {
  return [row.value, row.low, row.high, row.n];
}

/** What a chart shows, as numbers. */
export function tableOf(data: ChartData): DataTable {
  const table = (
    names: readonly string[],
    shares: readonly string[],
    counts: readonly string[],
    rows: DataTable['rows'],
  ): DataTable => ({
    head: [...names, ...shares, ...counts],
    rows,
    isShare: [...names.map(() => false), ...shares.map(() => true), ...counts.map(() => false)],
  });
  const [low, high, n] = MEASURED;
  switch (data.kind) {
    case 'bars':
      return table(
        ['set', data.groupLabel],
        [data.valueLabel],
        [n],
        data.bars.map(({ series, group, value, n }) => [series, group, value, n]),
      );
    case 'lines':
      return table(
        ['series', data.xLabel],
        [data.valueLabel, low, high],
        [n],
        [
          ...data.points.map((point) => [
            point.series,
            tickOf(data.ticks, point.x),
            ...measured(point),
          ]),
          ...data.chance.map(({ x, value }) => [
            'chance',
            tickOf(data.ticks, x),
            value,
            null,
            null,
            null,
          ]),
        ],
      );
    case 'points':
      return table(
        ['model'],
        [data.xLabel, data.yLabel],
        [],
        data.points.map(({ model, x, y }) => [model, x, y]),
      );
    case 'dumbbells':
      return table(
        [data.rowLabel],
        [data.first, data.second, 'difference', low, high],
        [n],
        data.rows.map((row) => [row.name, row.first, row.second, ...measured(row)]),
      );
    case 'forest':
      return table(
        ['model'],
        [`minus ${data.baseline}`, low, high],
        [n, "McNemar's p"],
        data.rows.map((row) => [row.model, ...measured(row), row.pValue]),
      );
    case 'cells':
      return table(
        [data.xLabel, data.yLabel],
        [data.valueLabel, low, high],
        [n],
        data.cells.map((cell) => [cell.x, cell.y, ...measured(cell)]),
      );
    case 'ranking':
      return data.isCount
        ? table(
            [data.rowLabel],
            [],
            [data.valueLabel, 'of'],
            data.rows.map(({ name, value, n }) => [name, value, n]),
          )
        : table(
            ['group', data.rowLabel],
            [data.valueLabel, low, high],
            [n],
            data.rows.map((row) => [row.group, row.name, ...measured(row)]),
          );
    case 'examples':
      return table(
        ['image', 'labels', `ranked by ${data.model}`],
        [],
        [],
        tilesOf(data).map(({ id, labels, ranked }) => [
          id,
          labels.join(', '),
          ranked.map(({ name }) => name).join(', '),
        ]),
      );
  }
}

function tickOf(ticks: { x: number; text: string }[] | null, x: number): string {
  return ticks?.find((tick) => tick.x === x)?.text ?? String(x);
}
