import type { AveragePrecision, StatisticInterval } from '../metrics/index.js';
import { METRIC_NAMES } from './metric-names.js';
import type { Metric, Metrics } from './scorecard.js';

/**
 * The metrics of a scorecard, in its order.
 *
 * @param intervals by the metric's name, subgroups among them
 * @param precision over images, where there are scores
 * @param labelled the images that `precision` is about
 */
export function assembleMetrics(
  intervals: Readonly<Record<string, StatisticInterval>>,
  precision: AveragePrecision | undefined,
  labelled: number,
): Metrics {
  const found: Partial<Record<string, Metric>> = {};
  const subgroups: Record<string, Metric> = {};
  for (const [name, interval] of Object.entries(intervals)) {
    (name.startsWith('A_') ? subgroups : found)[name] = toMetric(interval);
  }
  if (found['asma']) found['imageWeighted'] = { ...found['variableTopK']! };
  if (precision) {
    const { macro, macroPresent, micro, presentClasses } = precision;
    found['mapMacro'] = toPoint(macro, labelled);
    found['mapMacroPresent'] = {
      ...toPoint(macroPresent, labelled),
      classes: presentClasses,
    } as Metric;
    found['mapMicro'] = toPoint(micro, labelled);
  }
  const metrics: Record<string, unknown> = {};
  for (const name of METRIC_NAMES) {
    if (name === 'asma') metrics['subgroups'] = subgroups;
    if (found[name]) metrics[name] = found[name];
  }
  return metrics as Metrics;
}

function toMetric({ estimate, low, high, images }: StatisticInterval): Metric {
  return {
    value: numberOrNull(estimate),
    low: numberOrNull(low),
    high: numberOrNull(high),
    n: images,
  };
}

function toPoint(value: number, n: number): Metric {
  return { value: n === 0 ? null : numberOrNull(value), low: null, high: null, n };
}

/** JSON has no NaN. */
export function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
