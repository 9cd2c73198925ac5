import { kendall, spearman } from '../metrics/index.js';
import { numberOrNull } from './assemble-metrics.js';
import { COMPARED_METRICS, type ComparedMetric } from './compared.js';

/** How alike two metrics order the models: 1 the same, -1 the reverse; null where one is constant. */
export interface Correlation {
  first: ComparedMetric;
  second: ComparedMetric;
  spearman: number | null;
  /** Tau-b. */
  kendall: number | null;
  models: number;
}

/** Fewer models than this say nothing about an order. */
const FEWEST = 3;

/**
 * The rank correlations between all pairs of metrics that every model has.
 *
 * @param models the metrics of each; none for fewer than three
 */
export function correlateMetrics(
  models: readonly Partial<Record<ComparedMetric, number | null>>[],
): Correlation[] {
  if (models.length < FEWEST) return [];
  const common = COMPARED_METRICS.filter((name) =>
    models.every((metrics) => typeof metrics[name] === 'number'),
  );
  return common.flatMap((second, at) =>
    common.slice(0, at).map((first) => {
      const [x, y] = [first, second].map((name) => models.map((metrics) => metrics[name]!)) as [
        number[],
        number[],
      ];
      return {
        first,
        second,
        spearman: numberOrNull(spearman(x, y)),
        kendall: numberOrNull(kendall(x, y)),
        models: models.length,
      };
    }),
  );
}
