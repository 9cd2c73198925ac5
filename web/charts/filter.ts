import type { ChartData } from '../../src/report/chart-data.js';

/** A chart with only some of the models in it; one that is of a single model stays as it is. */
export function withModels(data: ChartData, isShown: (name: string) => boolean): ChartData {
  switch (data.kind) {
    case 'lines':
      return data.areModels
        ? { ...data, points: data.points.filter(({ series }) => isShown(series)) }
        : data;
    case 'points':
      return { ...data, points: data.points.filter(({ model }) => isShown(model)) };
    case 'forest':
      return { ...data, rows: data.rows.filter(({ model }) => isShown(model)) };
    case 'dumbbells':
      return data.rowLabel === 'model'
        ? { ...data, rows: data.rows.filter(({ name }) => isShown(name)) }
        : data;
    default:
      return data;
  }
}

/** Whether a chart has nothing left to draw. */
export function isEmpty(data: ChartData): boolean {
  switch (data.kind) {
    case 'bars':
      return data.bars.length === 0;
    case 'lines':
    case 'points':
      return data.points.length === 0;
    case 'cells':
      return data.cells.length === 0;
    case 'examples':
      return data.images.length === 0;
    default:
      return data.rows.length === 0;
  }
}
