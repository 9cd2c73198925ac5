import { invalid, requireInteger, requireSameImages } from '../errors.js';
import { hasLabel, imageCount, type LabelSet } from './labels.js';
import { hits, type TopClasses } from './ranking.js';

/**
 * One score per image, in the evaluation set's order; `NaN` means that the image is left out (it has
 * no labels, say). What every metric of this folder gives, and what the bootstrap resamples.
 */
export type PerImage = Float64Array;

/** A mean over images, with what it is a mean of. */
export interface ImageMean {
  /** `NaN` when no image is left. */
  readonly mean: number;
  /** Images in the mean. */
  readonly images: number;
  /** Images left out of it. */
  readonly excluded: number;
}

/** The mean over the images that are not left out. */
export function imageMean(values: PerImage): ImageMean {
  let sum = 0;
  let images = 0;
  for (const value of values) {
    if (value !== value) continue; // NaN
    sum += value;
    images += 1;
  }
  return { mean: sum / images, images, excluded: values.length - images };
}

/**
 * The same scores with the images without labels left out (`NaN`). For the metrics to which
 * scikit-learn gives a value for them: where an empty label set means "not annotated" (ReaL), that
 * value says nothing about the model.
 *
 * @throws MetricsError `metrics-count-mismatch` where the two are not of as many images
 */
export function withoutUnlabelled(values: PerImage, labels: LabelSet): PerImage {
  requireSameImages('the scores', values.length, imageCount(labels));
  return values.map((value, i) => (labels.offsets[i] === labels.offsets[i + 1] ? NaN : value));
}

/** Each image's precision, recall and F1, 0 to 1. */
export interface PrecisionRecall {
  readonly precision: PerImage;
  readonly recall: PerImage;
  readonly f1: PerImage;
}

/**
 * Precision, recall and F1 of each image when its n highest-ranked classes are what the model
 * predicts, with h = |T(i, n) ∩ L(i)|: h / n, h / k(i), 2h / (n + k(i)). Their means are
 * those of scikit-learn's `precision_recall_fscore_support(average='samples')`. `NaN` for an image
 * without labels.
 *
 * @param n 1 to the classes that `top` ranks
 * @throws MetricsError `metrics-out-of-range`, `metrics-count-mismatch`
 */
export function precisionRecall(top: TopClasses, labels: LabelSet, n: number): PrecisionRecall {
  requireInteger('n', n, 1, top.n);
  requireSameImages('the label set', imageCount(labels), top.images);
  const precision = new Float64Array(top.images).fill(NaN);
  const recall = precision.slice();
  const f1 = precision.slice();
  for (let image = 0; image < top.images; image += 1) {
    const k = labels.offsets[image + 1]! - labels.offsets[image]!;
    if (k === 0) continue;
    const found = hits(top, labels, image, n);
    precision[image] = found / n;
    recall[image] = found / k;
    f1[image] = (2 * found) / (n + k);
  }
  return { precision, recall, f1 };
}

/**
 * ReaL accuracy of each image: [T(i, 1) in L(i)], 0 or 1; `NaN` for an image without labels.
 *
 * Source: Beyer et al., "Are we done with ImageNet?" (arXiv 2006.07159), section 3.
 *
 * @throws MetricsError `metrics-count-mismatch`
 */
export function realAccuracy(top: TopClasses, labels: LabelSet): PerImage {
  requireSameImages('the label set', imageCount(labels), top.images);
  return Float64Array.from({ length: top.images }, (_, image) => {
    if (labels.offsets[image] === labels.offsets[image + 1]) return NaN;
    return hasLabel(labels, image, top.classes[image * top.n]!) ? 1 : 0;
  });
}

/**
 * Top-n accuracy of each image against its single original label: [label in T(i, n)], 0 or 1.
 *
 * Source: Russakovsky et al. 2015, "ImageNet Large Scale Visual Recognition Challenge", section 4.1.
 *
 * @param originals one class index per image; -1 where an image has none, which gives `NaN`
 * @param n 1 to the classes that `top` ranks
 * @throws MetricsError `metrics-out-of-range`, `metrics-count-mismatch`
 */
export function topNAccuracy(top: TopClasses, originals: ArrayLike<number>, n: number): PerImage {
  requireInteger('n', n, 1, top.n);
  requireSameImages('the original labels', originals.length, top.images);
  return Float64Array.from(originals, (label, image) => {
    if (label < 0) return NaN;
    const row = image * top.n;
    for (let rank = 0; rank < n; rank += 1) if (top.classes[row + rank] === label) return 1;
    return 0;
  });
}

/**
 * What counts as a hit, with h = |T(i, k(i)) ∩ L(i)|: `fraction` gives h / k(i), `any` gives
 * [h >= 1], `exact` gives [h = k(i)], which is the exact match at k(i). The paper's rule could not be
 * found in public text; `fraction` is ours, and a scorecard names the rule.
 */
export type VariableTopKRule = 'fraction' | 'any' | 'exact';

/**
 * Variable top-k accuracy of each image, |T(i, k(i)) ∩ L(i)| / k(i): as many classes are taken from
 * the top of the ranking as the image has labels, and compared with them. 0 to 1; `NaN` for an image without labels.
 *
 * Source: Anzaku et al. (arXiv 2412.18409).
 *
 * @param top must rank at least as many classes as any image has labels
 * @throws MetricsError `metrics-too-few-ranks`, `metrics-count-mismatch`
 */
export function variableTopK(
  top: TopClasses,
  labels: LabelSet,
  rule: VariableTopKRule = 'fraction',
): PerImage {
  requireSameImages('the label set', imageCount(labels), top.images);
  return Float64Array.from({ length: top.images }, (_, image) => {
    const k = labels.offsets[image + 1]! - labels.offsets[image]!;
    if (k === 0) return NaN;
    if (k > top.n) throw tooFewRanks(image, k, top.n);
    const found = hits(top, labels, image, k);
    if (rule === 'any') return found > 0 ? 1 : 0;
    if (rule === 'exact') return found === k ? 1 : 0;
    return found / k;
  });
}

function tooFewRanks(image: number, k: number, n: number): Error {
  return invalid(
    'metrics-too-few-ranks',
    `image ${image} (counted from 0) with its ${k} labels`,
    `at least ${k} ranked classes`,
    n,
    'rank at least as many classes as the largest label set has labels',
  );
}
