import { EvaluationError } from '../errors.js';
import { differenceInterval } from '../metrics/bootstrap.js';
import { kendall, mcnemar, type PerImage, spearman, type Statistic } from '../metrics/index.js';
import { resample, type Resampled } from '../metrics/resample.js';
import { throwIfAborted } from '../progress.js';
import { PATCHML_VERSION } from '../version.js';
import {
  COMPARED_METRICS,
  type ComparedMetric,
  comparedWith,
  type ComparedWith,
  type CompareOptions,
  type LeftOut,
  leftOutOf,
  type ScoreRun,
  statisticsOf,
} from './compare-statistics.js';
import { type NewScorecard, numberOrNull } from './scorecard.js';

/** A difference, the model minus the baseline, with its paired bootstrap interval. */
export interface ModelDifference {
  value: number | null;
  low: number | null;
  high: number | null;
  /** Images in it. */
  n: number;
}

/** How two models differ on one set. */
export interface PairComparison {
  model: string;
  baseline: string;
  differences: Partial<Record<ComparedMetric, ModelDifference>>;
  /** The exact McNemar test. */
  mcnemar: {
    metric: 'top1' | 'real';
    /** Images that only the model gets right. */
    onlyModel: number;
    /** Images that only the baseline gets right. */
    onlyBaseline: number;
    images: number;
    pValue: number;
  };
  leftOut: LeftOut;
}

/** Models on one set, side by side: `comparison.json`. */
export interface ModelComparison {
  format: 'patchml-comparison';
  version: 1;
  patchml: string;
  set: NewScorecard['set'];
  options: ComparedWith;
  models: {
    name: string;
    folder: string;
    metrics: Partial<Record<ComparedMetric, number | null>>;
  }[];
  pairs: PairComparison[];
  /** Of three models and more. */
  correlations: Correlation[];
}

/** How to compare models. */
export interface CompareModelsOptions extends CompareOptions {
  /** Compare each model with each before it, not only with the first. Default false. */
  allPairs?: boolean | undefined;
}

/**
 * Compares models on one set.
 *
 * @param runs two or more; the first is the baseline
 * @throws EvaluationError `compare-too-few`, `compare-other-set`, `compare-other-images`,
 *   `compare-other-subgroups`
 */
export async function compareModels(
  runs: readonly ScoreRun[],
  options: CompareModelsOptions = {},
): Promise<ModelComparison> {
  const first = requireOneSet(runs);
  const settings = comparedWith(options, runs);
  const measured = await measureRuns(runs, settings, options);
  const names = namesOf(runs);
  const models = measured.map(({ metrics }, at) => ({
    name: names[at]!,
    folder: runs[at]!.folder,
    metrics: Object.fromEntries(
      COMPARED_METRICS.flatMap((name) => {
        const metric = metrics[name];
        return metric ? [[name, numberOrNull(metric.estimate)] as const] : [];
      }),
    ),
  }));
  const pairs: PairComparison[] = [];
  for (let model = 1; model < runs.length; model += 1) {
    const baselines = options.allPairs ? model : 1;
    for (let baseline = 0; baseline < baselines; baseline += 1) {
      pairs.push({
        model: names[model]!,
        baseline: names[baseline]!,
        ...comparePair(measured[model]!, measured[baseline]!, settings),
        ...testPair(runs, measured, model, baseline),
        leftOut: leftOutOf(COMPARED_METRICS, [runs[baseline]!.scorecard, runs[model]!.scorecard]),
      });
    }
  }
  return {
    format: 'patchml-comparison',
    version: 1,
    patchml: PATCHML_VERSION,
    set: first.scorecard.set,
    options: settings,
    models,
    pairs,
    correlations: correlateMetrics(models.map(({ metrics }) => metrics)),
  };
}

/** The models' names; where one has several runs, with their folders. */
function namesOf(runs: readonly ScoreRun[]): string[] {
  const plain = runs.map(({ scorecard }) => scorecard.model.name);
  return plain.map((name, at) =>
    plain.indexOf(name) === plain.lastIndexOf(name) ? name : `${name} (${runs[at]!.folder})`,
  );
}

function requireOneSet(runs: readonly ScoreRun[]): ScoreRun {
  const [first, second] = runs;
  if (!first || !second) {
    throw new EvaluationError(`expected the scores of two models or more, got ${runs.length}`, {
      code: 'compare-too-few',
      path: first?.folder,
      fix: 'pass more folders of scores',
    });
  }
  const { name, digest } = first.scorecard.set;
  const other = runs.find(({ scorecard }) => scorecard.set.digest !== digest);
  if (!other) return first;
  const { set } = other.scorecard;
  const found = set.name === name ? `another version of ${name}` : set.name;
  throw new EvaluationError(`these scores are on ${found}, those of ${first.folder} on ${name}`, {
    code: 'compare-other-set',
    path: other.folder,
    fix: 'compare scores on one set, or two sets with --gap',
  });
}

function comparePair(
  model: MeasuredRun,
  baseline: MeasuredRun,
  settings: ComparedWith,
): Pick<PairComparison, 'differences'> {
  const differences: PairComparison['differences'] = {};
  for (const name of COMPARED_METRICS) {
    const [mine, theirs] = [model.metrics[name], baseline.metrics[name]];
    if (!mine || !theirs) continue;
    const interval = differenceInterval(mine, theirs, settings);
    differences[name] = {
      value: numberOrNull(interval.estimate),
      low: numberOrNull(interval.low),
      high: numberOrNull(interval.high),
      n: mine.images,
    };
  }
  return { differences };
}

function testPair(
  runs: readonly ScoreRun[],
  measured: readonly MeasuredRun[],
  model: number,
  baseline: number,
): Pick<PairComparison, 'mcnemar'> {
  const { onlyFirst, onlySecond, images, pValue } = mcnemar(
    measured[model]!.right,
    measured[baseline]!.right,
  );
  const metric = runs[model]!.scorecard.metrics.top1 ? 'top1' : 'real';
  return {
    mcnemar: { metric, onlyModel: onlyFirst, onlyBaseline: onlySecond, images, pValue },
  };
}

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
function correlateMetrics(
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

/** A model, measured. */
interface MeasuredRun {
  metrics: Partial<Record<ComparedMetric, Resampled>>;
  /** Which images it is right on: top-1, or ReaL where there are no originals. */
  right: PerImage;
}

/** Models whose images are in memory at a time. */
const BLOCK = 16;

/**
 * Takes the metrics of models on the same resamples of their common set: those of the bootstrap
 * that `pairedBootstrap` makes, but drawn once for many models.
 *
 * @throws EvaluationError `compare-other-images`
 */
async function measureRuns(
  runs: readonly ScoreRun[],
  { seed, resamples, ...shared }: ComparedWith,
  { signal, onProgress }: CompareOptions,
): Promise<MeasuredRun[]> {
  const measured: MeasuredRun[] = [];
  let ids: string | undefined;
  for (let start = 0; start < runs.length; start += BLOCK) {
    const block: { statistics: Partial<Record<ComparedMetric, Statistic>>; right: PerImage }[] = [];
    for (const run of runs.slice(start, start + BLOCK)) {
      throwIfAborted(signal, 'compare');
      const perImage = await run.perImage();
      ids ??= perImage.ids.join('\n');
      if (perImage.ids.join('\n') !== ids) throw otherImages(run, runs[0]!);
      const hasOriginals = run.scorecard.metrics.top1 !== undefined;
      block.push({
        statistics: pick(statisticsOf(run.scorecard, perImage, shared)),
        right: hasOriginals ? perImage.top1 : perImage.real,
      });
    }
    const resampled = await resample(
      block.map(({ statistics }) => statistics),
      `${seed}/bootstrap`,
      { resamples, signal, stage: 'compare' },
    );
    measured.push(...block.map(({ right }, at) => ({ metrics: resampled[at]!, right })));
    onProgress?.({ stage: 'compare', done: measured.length, total: runs.length, unit: 'models' });
  }
  return measured;
}

/** Those that models are compared in. */
function pick(
  statistics: Partial<Record<string, Statistic>>,
): Partial<Record<ComparedMetric, Statistic>> {
  return Object.fromEntries(
    COMPARED_METRICS.flatMap((name) => (statistics[name] ? [[name, statistics[name]]] : [])),
  );
}

function otherImages(run: ScoreRun, first: ScoreRun): EvaluationError {
  return new EvaluationError(`these scores are of different images than those of ${first.folder}`, {
    code: 'compare-other-images',
    path: run.folder,
    fix: 'score both on the same set',
  });
}
