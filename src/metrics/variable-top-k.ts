import { hits } from './hits.js';
import { imageCount, type LabelSet } from './label-set.js';
import { invalid, requireSameImages } from './metrics-error.js';
import type { PerImage } from './per-image.js';
import type { TopClasses } from './top-classes.js';

/**
 * What counts as a hit, with h = |T(i, k(i)) ∩ L(i)|: `fraction` gives h / k(i), `any` gives
 * [h >= 1], `exact` gives [h = k(i)], which is the exact match at k(i). The paper's rule could not be
 * found in public text; `fraction` is ours, and a scorecard names the rule.
 */
export type VariableTopKRule = 'fraction' | 'any' | 'exact';

/**
 * Variable top-k accuracy of each image: as many classes are taken from the top of the ranking as
 * the image has labels, and compared with them. 0 to 1; `NaN` for an image without labels.
 *
 * Source: Anzaku et al. (arXiv 2412.18409).
 *
 * @param top must rank at least as many classes as any image has labels
 * @throws MetricsError `metrics-too-few-ranks`
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
    'rank as many classes as the largest label set has labels',
  );
}
