import { EvaluationError } from '../errors.js';
import type { EvaluationSet } from '../evaluate/evaluation-set.js';
import type { PredictionSource } from '../evaluate/prediction-source.js';
import type { LabelSet, PerImage } from '../metrics/index.js';

/**
 * Checks that the rows of a file and the images of a set are the same things in another order.
 *
 * @param positions for each row of the file, its position in the set
 * @throws EvaluationError `predictions-not-aligned`
 */
export function requirePermutation(
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
      fix: 'give predictions of just the images of the set',
    },
  );
}

/** A label set of the set's order, put into the file's. */
export function labelsInFileOrder(labels: LabelSet, positions: Uint32Array): LabelSet {
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
export function inSetOrder(values: PerImage, positions: Uint32Array): PerImage {
  const ordered = new Float64Array(values.length);
  positions.forEach((position, row) => {
    ordered[position] = values[row]!;
  });
  return ordered;
}
