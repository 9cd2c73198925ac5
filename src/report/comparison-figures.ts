import { compareModels, type ModelComparison } from '../score/compare-models.js';
import { compareSets, GAP_METRICS, type SetComparison } from '../score/compare-sets.js';
import { COMPARED_METRICS } from '../score/compare-statistics.js';
import { kendall, spearman } from '../metrics/index.js';
import { labelOf, namedOf } from '../score/metric-text.js';
import { metricOf, numberOrNull } from '../score/scorecard.js';
import type { DumbbellsChart, FigureView, PointsChart } from './chart-data.js';
import type { FigureInput, ReportSet, Views } from './report-sets.js';

/** Fewer models than this have no order to speak of. */
const FEWEST = 3;

/** What can be set against each other: a metric of the models on a set. */
interface Axis {
  label: string;
  set: ReportSet;
  metric: string;
}

/**
 * Two metrics over the models, with their rank correlation: on one set accuracy against ASMA, on two
 * sets ASMA against ASMA.
 */
export function agreementViews({ sets }: FigureInput): Views {
  const axesOf = (set: ReportSet, metrics: readonly string[]): Axis[] => {
    const named = namedOf(set.runs.map(({ scorecard }) => scorecard));
    return metrics.map((metric) => ({
      label: `${labelOf(metric, named)} on ${set.name}`,
      set,
      metric,
    }));
  };
  const pairs = sets.flatMap((set, at): [Axis, Axis][] => {
    const own = axesOf(set, ['asma', 'asmaAny', 'asmaExact']);
    const single = axesOf(set, ['top1', 'real']);
    const others = sets.slice(at + 1).flatMap((other) => axesOf(other, ['asma']));
    return [
      ...single.flatMap((x) => own.map((y): [Axis, Axis] => [x, y])),
      ...others.map((x): [Axis, Axis] => [x, own[0]!]),
    ];
  });
  const views = pairs.flatMap(([x, y]): FigureView[] => {
    const points = pointsOf(x, y);
    if (points.length < FEWEST) return [];
    const [xs, ys] = [points.map((point) => point.x), points.map((point) => point.y)];
    const data: PointsChart = {
      kind: 'points',
      xLabel: x.label,
      yLabel: y.label,
      points,
      models: points.length,
      spearman: numberOrNull(spearman(xs, ys)),
      kendall: numberOrNull(kendall(xs, ys)),
    };
    return [{ choice: { x: x.label, y: y.label }, data }];
  });
  // Accuracy as everybody knows it comes first.
  views.sort((a, b) => Number(isTopOne(b)) - Number(isTopOne(a)));
  return views.length > 0 ? views : 'An order of models needs three models with both metrics.';
}

function isTopOne({ choice }: FigureView): boolean {
  return choice['x']!.startsWith('top-1');
}

function pointsOf(x: Axis, y: Axis): PointsChart['points'] {
  const valueOf = ({ set, metric }: Axis, model: string): number | null | undefined => {
    const run = set.runs.find(({ scorecard }) => scorecard.model.name === model);
    return run && metricOf(run.scorecard.metrics, metric)?.value;
  };
  return x.set.runs.flatMap(({ scorecard: { model } }) => {
    const [first, second] = [valueOf(x, model.name), valueOf(y, model.name)];
    if (typeof first !== 'number' || typeof second !== 'number') return [];
    return [{ model: model.name, x: first, y: second }];
  });
}

/** The two sets of a gap, by their places. */
type SetPair = readonly [number, number];

/** More sets than this are compared with the first alone. */
const MOST_PAIRED = 4;

/** Each set with each other. */
function pairsOf(sets: number): SetPair[] {
  const firsts = sets > MOST_PAIRED ? 1 : sets - 1;
  return Array.from({ length: firsts }, (_, first) =>
    Array.from({ length: sets - first - 1 }, (_, at): SetPair => [first, first + 1 + at]),
  ).flat();
}

/** Two sets under the same models: a view of all metrics, the mean of the models, and one for each. */
export async function gapViews(input: FigureInput): Promise<Views> {
  const { sets, compared } = input;
  const gaps = compared?.gaps ?? (await allGaps(input));
  const nameOf = (set: SetComparison['first']): string =>
    (sets.find((each) => isSame(each.set, set)) ?? // scores of one set may name it differently
      sets.find((each) => each.set.digest === set.digest))!.name;
  const views = gaps.flatMap((gap) => gapViewsOf(gap, nameOf(gap.first), nameOf(gap.second)));
  if (views.length > 0) return views;
  if (compared) return 'The study names no gap between two of its sets.';
  return sets.length < 2
    ? 'A gap needs scores on two sets.'
    : 'A gap needs a model with scores on two sets.';
}

type SetOfScores = Pick<ReportSet['set'], 'digest' | 'name'>;

function isSame(a: SetOfScores, b: SetOfScores): boolean {
  return a.digest === b.digest && a.name === b.name;
}

async function allGaps({ sets, options }: FigureInput): Promise<SetComparison[]> {
  const gaps: SetComparison[] = [];
  for (const [a, b] of pairsOf(sets.length)) {
    const [first, second] = [sets[a]!, sets[b]!];
    const names = new Set(first.runs.map(({ scorecard }) => scorecard.model.name));
    if (!second.runs.some(({ scorecard }) => names.has(scorecard.model.name))) continue;
    const runs = { first: first.runs, second: second.runs };
    gaps.push(await compareSets(runs, { ...drawsOf(first), ...options }));
  }
  return gaps;
}

function gapViewsOf(comparison: SetComparison, first: string, second: string): FigureView[] {
  const { models, mean, options } = comparison;
  const sets = `${first} and ${second}`;
  const named = {
    rules: [comparison.first.rule, comparison.second.rule],
    subgroups: options.subgroups,
  };
  const ends = { first, second };
  const shown = [...GAP_METRICS, ...options.subgroups].filter(
    (name) => mean[name as keyof typeof mean] !== undefined,
  );
  type Gaps = (typeof models)[number]['gaps'];
  const gapOf = (gaps: Gaps, name: string) => gaps[name as keyof Gaps];
  const viewOf = (metric: string, data: Omit<DumbbellsChart, 'kind' | 'first' | 'second'>) => ({
    choice: { sets, metric },
    data: { kind: 'dumbbells' as const, ...ends, ...data },
  });
  const average = viewOf('all', {
    valueLabel: models.length === 1 ? models[0]!.model : `mean of ${models.length} models`,
    rowLabel: 'metric',
    rows: shown.map((metric) => {
      const gaps = models.flatMap(({ gaps }) => gapOf(gaps, metric) ?? []);
      const meanOf = (pick: (gap: (typeof gaps)[number]) => number | null): number =>
        gaps.reduce((sum, gap) => sum + (pick(gap) ?? 0), 0) / gaps.length;
      const { value, low, high } = mean[metric as keyof typeof mean]!;
      return {
        name: labelOf(metric, named),
        first: meanOf((gap) => gap.first),
        second: meanOf((gap) => gap.second),
        value,
        low,
        high,
        n: gaps[0]!.n[0],
      };
    }),
  });
  const single = shown.map((metric) =>
    viewOf(labelOf(metric, named), {
      valueLabel: labelOf(metric, named),
      rowLabel: 'model',
      rows: models
        .flatMap(({ model, gaps }) => {
          const gap = gapOf(gaps, metric);
          const { first = null, second = null } = gap ?? {};
          if (!gap || first === null || second === null) return [];
          const { value, low, high, n } = gap;
          return [{ name: model, first, second, value, low, high, n: n[0] }];
        })
        .sort((a, b) => b.first - a.first),
    }),
  );
  return [average, ...single];
}

/** The draws that the scorecards of a set were made with. */
function drawsOf({ runs }: ReportSet): {
  seed: string;
  resamples: number;
  level: number;
  minImages: number;
} {
  const { seed, resamples, level, minImages } = runs[0]!.scorecard.options;
  return { seed, resamples, level, minImages };
}

/** Each model minus the baseline, or the one with the highest ASMA: a view for each set and metric. */
export async function differenceViews({ sets, compared, options }: FigureInput): Promise<Views> {
  const views: FigureView[] = [];
  for (const set of sets) {
    const made = compared?.differences?.find((each) => isSame(each.set, set.set));
    if (!made && (compared?.differences || set.runs.length < 2)) continue;
    const comparison = made ?? (await compareModels(set.runs, { ...drawsOf(set), ...options }));
    views.push(...differenceViewsOf(comparison, set));
  }
  return views.length > 0 ? views : 'Differences need two models on one set.';
}

function differenceViewsOf({ pairs }: ModelComparison, set: ReportSet): FigureView[] {
  const named = namedOf(set.runs.map(({ scorecard }) => scorecard));
  return COMPARED_METRICS.flatMap((metric): FigureView[] => {
    const rows = pairs.flatMap(({ model, differences, mcnemar }) => {
      const difference = differences[metric];
      const pValue = mcnemar.metric === metric ? mcnemar.pValue : null;
      return difference ? [{ model, pValue, ...difference }] : [];
    });
    if (rows.length === 0) return [];
    const label = labelOf(metric, named);
    const baseline = pairs[0]!.baseline;
    return [
      {
        choice: { set: set.name, metric: label },
        data: { kind: 'forest', valueLabel: label, baseline, rows },
      },
    ];
  });
}
