import { EvaluationError } from '../errors.js';
import { type Subgroup, subgroups } from '../metrics/asma.js';
import { bootstrapSettings } from '../metrics/bootstrap.js';
import {
  bootstrap,
  labelCountHistogram,
  labelCounts,
  labelRecall,
  labelSet,
  type LabelSet,
  type PerImage,
  type TopClasses,
} from '../metrics/index.js';
import { mapValues } from '../metrics/resample.js';
import { CLASS_COUNT } from '../models/classes.js';
import { alignPredictions } from '../predictions/open.js';
import type { PredictionRows, PredictionSource } from '../predictions/source.js';
import { type StageOptions, throwIfAborted } from '../progress.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import { chanceLevels } from './chance.js';
import type { Pending } from './details.js';
import { classPrecision } from './class-precision.js';
import type { PerImageScores } from './images-csv.js';
import { type ImageMeasures, makeStatistics, measureImages } from './measures.js';
import { findConfusions, measureClasses, measurePairs } from './measure-classes.js';
import { clustersOf, measureObjects } from './measure-objects.js';
import { type Batch, numberedBatches, type Rankings, readRankings } from './read-rankings.js';
import { assembleMetrics, type MetricName, type ScorecardBody } from './scorecard.js';

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
  /** A number about fewer images has no interval. Default 20. */
  minImages?: number | undefined;
  /** Images with more labels than this form one subgroup. Default 5. */
  maxGroup?: number | undefined;
}

/** The reasons where the scores of different images cannot be compared. */
const NO_COMMON_SCALE: Partial<Record<Rankings['scale'], string>> = {
  quantised: 'needs probabilities, but the scores are integers of a quantised model',
  unknown:
    'all scores are from 0 to 1, but those of an image do not sum to 1: say what they are with --scores',
};

/** The metrics that compare scores of different images. */
const OF_ONE_SCALE = { mapMacro: '', mapMacroPresent: '', mapMicro: '' };

/** What is scored. */
export interface ScoreInput {
  source: PredictionSource;
  set: EvaluationSet;
  /** For each row of the source, its position in the set. Default: found by the ids. */
  positions?: Uint32Array | undefined;
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
 * @throws EvaluationError for predictions that do not fit the set or are no numbers
 * @throws MetricsError for options out of range
 * @throws AbortedError
 */
export async function scorePredictions(
  { source, set, positions = alignPredictions(source, set) }: ScoreInput,
  options: ScoreOptions = {},
): Promise<Scores> {
  const { maxGroup = 5, signal } = options;
  const settings = bootstrapSettings(options); // wrong ones are found before the work
  requireClasses(source);
  requirePermutation(positions, source, set);
  const labels = labelSet(set.labels, CLASS_COUNT);
  const ofFile = labelsInFileOrder(labels, positions);
  const originals = set.originals && Int32Array.from(positions, (at) => set.originals![at]!);

  const read = followedReader(source, options);
  const most = labelCounts(labels).reduce((a, b) => Math.max(a, b), MOST_RANKED);
  const rankings = await readRankings(source, ofFile, most, read());
  const measures = measuresInSetOrder(measureImages(rankings, ofFile, originals), positions);
  const noScale = NO_COMMON_SCALE[rankings.scale];
  const top = topInSetOrder(rankings.top, positions);
  const made = makeStatistics(measures, top.n, labels, set, maxGroup);
  const groups = subgroups(measures.reached.fraction, labels, { maxGroup });
  const details = measureDetails(top, labels, groups, set.painted);
  const [precision, intervals] = await both(
    rankings.ranks && noScale === undefined
      ? classPrecision(
          { ranks: rankings.ranks, logits: rankings.logits },
          { batches: read(), images: source.images },
          { signal },
        )
      : undefined,
    bootstrap(
      { ...made.statistics, ...details.statistics },
      { ...settings, signal, stage: 'score' },
    ),
  );
  const summary = summarise(set, labels);
  const ofMetrics = Object.keys(made.statistics).map((name) => [name, intervals[name]!] as const);
  const metrics = assembleMetrics(
    Object.fromEntries(ofMetrics),
    made.asma,
    precision,
    summary.labelled,
  );
  const scoreOptions = {
    ...settings,
    maxGroup,
    variableTopKRule: 'fraction',
    interval: 'bootstrap-percentile',
    mapInterval: 'none',
  } as const;
  return {
    body: {
      set: summary,
      scores: rankings.scale,
      options: scoreOptions,
      metrics,
      unavailable: {
        ...measures.unavailable,
        ...made.unavailable,
        ...(noScale === undefined ? {} : mapValues(OF_ONE_SCALE, () => noScale)),
      },
      chance: chanceLevels(
        { metrics, options: scoreOptions },
        { labels, originals: set.originals },
      ),
      ...details.finish(intervals),
    },
    perImage: perImageOf(measures, labels, set.ids, top),
  };
}

/**
 * What predictions rank highest in each image: for its id as many classes as the image with the most
 * labels has, best first, or as many as the file ranks.
 * @throws EvaluationError for predictions that do not fit the set or are no numbers
 */
export async function readPredictedClasses({
  source,
  set,
  positions = alignPredictions(source, set),
}: ScoreInput): Promise<Map<string, number[]>> {
  requireClasses(source);
  const ofFile = labelsInFileOrder(labelSet(set.labels, CLASS_COUNT), positions);
  const most = labelCounts(ofFile).reduce((a, b) => Math.max(a, b), 1);
  const { top } = await readRankings(source, ofFile, most, numberedBatches(source));
  const rows = Array.from(positions, (at, row) => {
    const classes = top.classes.subarray(row * top.n, (row + 1) * top.n);
    return [set.ids[at]!, [...classes]] as [string, number[]];
  });
  return new Map(rows);
}

function requireClasses({ kind, width, path }: PredictionSource): void {
  if (kind === 'ranked' || width === CLASS_COUNT) return;
  const fix =
    width === CLASS_COUNT + 1
      ? 'leave out the background class, usually the first'
      : 'keep the 1,000 classes of ImageNet in class-index order, or pass ranked classes (--ranked)';
  throw new EvaluationError(`expected the scores of ${CLASS_COUNT} classes a row, got ${width}`, {
    code: 'predictions-class-count',
    path,
    fix,
  });
}

/** What two pieces of work give that go on at once. @throws what one threw, once the other has ended */
async function both<A, B>(first: A | Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
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

/** What is told beside the metrics. @param groups the images of each number of labels */
function measureDetails(
  top: TopClasses,
  labels: LabelSet,
  groups: readonly Subgroup[],
  painted: EvaluationSet['painted'],
): Pending<Pick<ScorecardBody, 'classes' | 'confusions' | 'pairs' | 'objects'>> {
  const measured = { top, labels, recall: labelRecall(top, labels) };
  const classes = measureClasses(measured, painted && clustersOf(painted));
  const pairs = measurePairs(measured, groups);
  const objects = painted && measureObjects({ top, labels, painted, groups });
  return {
    statistics: { ...classes.statistics, ...pairs.statistics, ...objects?.statistics },
    finish: (intervals) => ({
      classes: classes.finish(intervals),
      confusions: findConfusions(measured),
      pairs: pairs.finish(intervals),
      ...(objects ? { objects: objects.finish(intervals) } : {}),
    }),
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
  top: TopClasses,
): PerImageScores {
  const none = new Float64Array(ids.length).fill(NaN);
  const { top1 = none, top5 = none, real = none } = values;
  const { fraction, any, exact } = reached;
  return { ids, k: labelCounts(labels), top1, top5, real, variableTopK: fraction, any, exact, top };
}

/**
 * Checks that the rows of a file and the images of a set are the same things in another order.
 *
 * @param positions for each row of the file, its position in the set
 * @throws EvaluationError `predictions-not-aligned`
 */
function requirePermutation(
  positions: Uint32Array,
  source: PredictionSource,
  set: EvaluationSet,
): void {
  const images = set.ids.length;
  const seen = new Uint8Array(images);
  let distinct = 0;
  for (const position of positions) {
    if (position >= images || seen[position] === 1) break;
    seen[position] = 1;
    distinct += 1;
  }
  if (distinct === images && positions.length === images && source.images === images) return;
  throw new EvaluationError(
    `expected one row for each of the ${images} images of ${set.name}, got ${source.images} rows`,
    {
      code: 'predictions-not-aligned',
      path: source.path,
      fix: 'pass predictions for the images of the set only',
    },
  );
}

/** A label set of the set's order, put into the file's. */
function labelsInFileOrder(labels: LabelSet, positions: Uint32Array): LabelSet {
  const offsets = new Uint32Array(positions.length + 1);
  const classes = new Uint16Array(labels.classes.length);
  positions.forEach((position, row) => {
    const own = labels.classes.subarray(labels.offsets[position], labels.offsets[position + 1]);
    classes.set(own, offsets[row]);
    offsets[row + 1] = offsets[row]! + own.length;
  });
  return { ...labels, offsets, classes };
}

/** Values of the file's order, put into the set's. */
function inSetOrder(values: PerImage, positions: Uint32Array): PerImage {
  const ordered = new Float64Array(values.length);
  positions.forEach((position, row) => {
    ordered[position] = values[row]!;
  });
  return ordered;
}

function topInSetOrder({ classes, images, n }: TopClasses, positions: Uint32Array): TopClasses {
  const ordered = new Uint16Array(classes.length);
  positions.forEach((position, row) => {
    ordered.set(classes.subarray(row * n, (row + 1) * n), position * n);
  });
  return { classes: ordered, images, n };
}
