import { EvaluationError } from '../errors.js';
import { CLASS_COUNT } from '../evaluate/class-mapping.js';
import type { EvaluationSet } from '../evaluate/evaluation-set.js';
import type { PredictionRows, PredictionSource } from '../evaluate/prediction-source.js';
import {
  bootstrapOptions,
  labelCountHistogram,
  labelCounts,
  labelSet,
  mapValues,
  statisticIntervals,
  type LabelSet,
  type PerImage,
} from '../metrics/index.js';
import { throwIfAborted, type StageOptions } from '../progress.js';
import { assembleMetrics } from './assemble-metrics.js';
import { classPrecision } from './class-precision.js';
import { inSetOrder, labelsInFileOrder, requirePermutation } from './file-order.js';
import { measureImages, type ImageMeasures } from './measure-images.js';
import type { MetricName } from './metric-names.js';
import type { PerImageScores } from './per-image-scores.js';
import { numberedBatches, readRankings, type Batch } from './read-rankings.js';
import { resampleStatistics } from './resample.js';
import type { ScorecardBody } from './scorecard.js';
import { makeStatistics } from './statistics.js';

/** The most classes that metrics look at whatever the labels. */
const MOST_RANKED = 5;

/** How to score. */
export interface ScoreOptions extends Omit<StageOptions, 'jobs'> {
  /** Of the bootstrap. Default `'42'`. */
  seed?: string | undefined;
  /** Default 1,000. */
  resamples?: number | undefined;
  /** Coverage of the intervals, above 0, below 1. Default 0.95. */
  level?: number | undefined;
  /** Images with more labels than this form one subgroup. Default 5. */
  maxGroup?: number | undefined;
}

/** A scorecard without what it is of, and the scores of each image. */
export interface Scores {
  body: ScorecardBody;
  perImage: PerImageScores;
}

/**
 * Scores predictions against an evaluation set. The order of the file's rows changes nothing. Memory
 * does not grow with the number of classes: rows are read, ranked and forgotten; scores are read
 * twice, as average precision over images needs the labels' scores first.
 *
 * @param positions for each row of the file, its position in the set
 * @throws EvaluationError for predictions that do not fit the set or are no numbers
 * @throws MetricsError for options out of range
 */
export async function scorePredictions(
  source: PredictionSource,
  positions: Uint32Array,
  set: EvaluationSet,
  options: ScoreOptions = {},
): Promise<Scores> {
  const { seed = '42', resamples = 1000, level = 0.95, maxGroup = 5 } = options;
  bootstrapOptions({ seed, resamples, level }); // wrong ones are found before the work
  requireClasses(source);
  requirePermutation(positions, source, set);
  const labels = labelSet(set.labels, CLASS_COUNT);
  const ofFile = labelsInFileOrder(labels, positions);
  const originals = set.originals && Int32Array.from(positions, (at) => set.originals![at]!);

  const read = followedReader(source, options);
  const most = labelCounts(labels).reduce((a, b) => Math.max(a, b), MOST_RANKED);
  const rankings = await readRankings(source, ofFile, most, read());
  const measures = measuresInSetOrder(measureImages(rankings, ofFile, originals), positions);
  const precision = rankings.ranks && (await classPrecision(rankings.ranks, read()));

  const made = makeStatistics(measures, rankings.top.n, labels, set, maxGroup);
  const { signal } = options;
  const distributions = await resampleStatistics(made.statistics, {
    seed: `${seed}/bootstrap`,
    resamples,
    signal,
    stage: 'score',
  });
  const intervals = statisticIntervals(made.statistics, distributions, level);
  const summary = summarise(set, labels);
  return {
    body: {
      set: summary,
      options: {
        seed,
        resamples,
        level,
        maxGroup,
        variableTopKRule: 'fraction',
        interval: 'bootstrap-percentile',
        mapInterval: 'none',
      },
      metrics: assembleMetrics(intervals, precision, summary.labelled),
      unavailable: { ...measures.unavailable, ...made.unavailable },
    },
    perImage: perImageOf(measures, labels, set.ids),
  };
}

function requireClasses({ kind, width, path }: PredictionSource): void {
  if (kind === 'ranked' || width === CLASS_COUNT) return;
  throw new EvaluationError(`expected the scores of ${CLASS_COUNT} classes a row, got ${width}`, {
    code: 'predictions-class-count',
    path,
    fix: 'keep the 1,000 classes of ImageNet in class-index order, or give ranked classes (--ranked)',
  });
}

/** Reads the source, saying how far it is; scores are read twice, ranks once. */
function followedReader(
  source: PredictionSource,
  { signal, onProgress }: ScoreOptions,
): () => AsyncGenerator<Batch<PredictionRows>> {
  const total = source.images * (source.kind === 'scores' ? 2 : 1);
  let done = 0;
  return async function* read() {
    for await (const batch of numberedBatches(source)) {
      throwIfAborted(signal, 'score');
      yield batch;
      done += batch.count;
      onProgress?.({ stage: 'score', done, total, unit: 'rows' });
    }
  };
}

function measuresInSetOrder(
  { values, reached, unavailable }: ImageMeasures,
  positions: Uint32Array,
): ImageMeasures {
  const move = (each: PerImage): PerImage => inSetOrder(each, positions);
  return {
    values: mapValues(values as Record<MetricName, PerImage>, move),
    reached: mapValues(reached, move),
    unavailable,
  };
}

function summarise(set: EvaluationSet, labels: LabelSet): ScorecardBody['set'] {
  const labelCounts = labelCountHistogram(labels);
  const [images, unlabelled] = [set.ids.length, labelCounts[0]!];
  return {
    name: set.name,
    kind: set.kind,
    rule: set.rule,
    digest: set.digest,
    images,
    labelled: images - unlabelled,
    unlabelled,
    labelCounts,
    leftOut: { ...set.leftOut },
  };
}

function perImageOf(
  { values, reached }: ImageMeasures,
  labels: LabelSet,
  ids: readonly string[],
): PerImageScores {
  const none = new Float64Array(ids.length).fill(NaN);
  const { top1 = none, top5 = none, real = none } = values;
  const { fraction, any, exact } = reached;
  return { ids, k: labelCounts(labels), top1, top5, real, variableTopK: fraction, any, exact };
}
