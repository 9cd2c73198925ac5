import {
  coverageError,
  imageAveragePrecision,
  labelCounts,
  labelRankingAveragePrecision,
  labelRankingLoss,
  precisionRecall,
  realAccuracy,
  topNAccuracy,
  variableTopK,
  withoutUnlabelled,
  type LabelSet,
  type PerImage,
} from '../metrics/index.js';
import type { MetricName } from './metric-names.js';
import type { Rankings } from './read-rankings.js';

/** Why metrics are not in a scorecard. */
export type Unavailable = Record<string, string>;

/** Every metric that is a mean over images, image by image, in the order of what it was made of. */
export interface ImageMeasures {
  /** Those that could be computed. */
  values: Partial<Record<MetricName, PerImage>>;
  /** Variable top-k of the images whose labels the ranks reach; `NaN` for the others. */
  reached: { fraction: PerImage; any: PerImage; exact: PerImage };
  unavailable: Unavailable;
}

/** The reason where a set has only lists of valid classes. */
export const NO_ORIGINALS = 'the set has no original labels';
/** The reason where a file has ranks. */
const NO_SCORES = 'needs the scores of all classes, the predictions are ranks';

/** The reason where a file has too few ranks. */
export function tooFewRanks(needed: number, found: number): string {
  return `needs the ${needed} highest classes, the predictions have ${found}`;
}

/**
 * Scores each image under every metric that the predictions allow.
 *
 * Coverage error, LRAP and ranking loss give an image without labels what scikit-learn gives it;
 * average precision leaves it out, as its 0 there would say something about the model.
 *
 * @param originals the original label of each image
 */
export function measureImages(
  { top, ranks }: Rankings,
  labels: LabelSet,
  originals: ArrayLike<number> | undefined,
): ImageMeasures {
  const most = labelCounts(labels).reduce((a, b) => Math.max(a, b), 0);
  const near = withLabelsUpTo(labels, top.n);
  const reached = {
    fraction: variableTopK(top, near),
    any: variableTopK(top, near, 'any'),
    exact: variableTopK(top, near, 'exact'),
  };
  const values: ImageMeasures['values'] = { real: realAccuracy(top, labels) };
  const unavailable: Unavailable = {};
  const leaveOut = (reason: string, ...names: MetricName[]): void => {
    for (const name of names) unavailable[name] = reason;
  };

  if (originals) values.top1 = topNAccuracy(top, originals, 1);
  else leaveOut(NO_ORIGINALS, 'top1', 'top5');
  if (originals && top.n >= 5) values.top5 = topNAccuracy(top, originals, 5);
  else if (originals) leaveOut(tooFewRanks(5, top.n), 'top5');

  if (most <= top.n) {
    values.variableTopK = reached.fraction;
    values.variableTopKAny = reached.any;
    values.exactMatch = reached.exact;
  } else {
    const reason = tooFewRanks(most, top.n);
    leaveOut(reason, 'variableTopK', 'variableTopKAny', 'exactMatch', 'asma', 'imageWeighted');
  }

  const atOne = precisionRecall(top, labels, 1);
  values.precisionAt1 = atOne.precision;
  values.recallAt1 = atOne.recall;
  values.f1At1 = atOne.f1;
  if (top.n >= 5) {
    const atFive = precisionRecall(top, labels, 5);
    values.precisionAt5 = atFive.precision;
    values.recallAt5 = atFive.recall;
    values.f1At5 = atFive.f1;
  } else leaveOut(tooFewRanks(5, top.n), 'precisionAt5', 'recallAt5', 'f1At5');

  if (ranks) {
    values.mapPerImage = withoutUnlabelled(imageAveragePrecision(ranks), labels);
    values.coverageError = coverageError(ranks);
    values.lrap = labelRankingAveragePrecision(ranks);
    values.rankingLoss = labelRankingLoss(ranks);
  } else {
    leaveOut(NO_SCORES, 'mapPerImage', 'mapMacro', 'mapMacroPresent', 'mapMicro');
    leaveOut(NO_SCORES, 'coverageError', 'lrap', 'rankingLoss');
  }
  return { values, reached, unavailable };
}

/** The label set without the labels of images that have more than n. */
function withLabelsUpTo(labels: LabelSet, n: number): LabelSet {
  const counts = labelCounts(labels);
  if (counts.every((k) => k <= n)) return labels;
  const offsets = new Uint32Array(labels.offsets.length);
  const classes: number[] = [];
  counts.forEach((k, image) => {
    if (k <= n) {
      const start = labels.offsets[image]!;
      for (let at = start; at < start + k; at += 1) classes.push(labels.classes[at]!);
    }
    offsets[image + 1] = classes.length;
  });
  return { ...labels, offsets, classes: Uint16Array.from(classes) };
}
