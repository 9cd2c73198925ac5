import { EvaluationError } from '../errors.js';
import { digestOf } from '../files/digest.js';
import type { ImagePlace } from '../imagenet/image-source.js';
import type { ClassIndex } from '../imagenet/synsets.js';
import type { EvaluationSet, EvaluationSetKind, LabelRule } from './evaluation-set.js';

/** One image of a set that is being opened. */
export interface SetItem {
  id: string;
  place?: ImagePlace | undefined;
  original?: ClassIndex | undefined;
  labels: readonly ClassIndex[];
  /** Why it has no labels, where that is known better than `not-annotated`. */
  reason?: string | undefined;
}

/** What a set is, beside its images. */
export interface SetHead {
  name: string;
  kind: EvaluationSetKind;
  rule: LabelRule;
  /** Where the places of the images are; undefined where only labels were given. */
  store: { path: string; fingerprint: string } | undefined;
}

/**
 * Makes the set of these images: either all of them have an original label, or the set has none.
 * @param leftOut images that are not in the set, by reason
 * @throws EvaluationError where no image is left, or two have one id
 */
export function finishSet(
  { name, kind, rule, store }: SetHead,
  items: readonly SetItem[],
  leftOut: Readonly<Record<string, number>>,
  path: string,
): EvaluationSet {
  requireDistinctIds(items, leftOut, path);
  const ids = items.map(({ id }) => id);
  const labels = items.map((item) => item.labels);
  const known = items.flatMap(({ original }) => (original === undefined ? [] : [original]));
  const originals = known.length === items.length ? known : undefined;
  const counts = { ...leftOut };
  for (const { labels, reason } of items) {
    if (labels.length === 0) count(counts, reason ?? 'not-annotated');
  }
  return {
    name,
    kind,
    ids,
    images: store && { ...store, places: items.map(({ place }) => place!) },
    originals,
    labels,
    rule,
    digest: digestOf({ ids, labels, rule, ...(originals && { originals }) }),
    leftOut: counts,
  };
}

/** Counts one more image for a reason. */
export function count(counts: Record<string, number>, reason: string): void {
  counts[reason] = (counts[reason] ?? 0) + 1;
}

function requireDistinctIds(
  items: readonly SetItem[],
  leftOut: Readonly<Record<string, number>>,
  path: string,
): void {
  if (items.length === 0) {
    const reasons = Object.entries(leftOut).map(([reason, images]) => `${images} ${reason}`);
    throw new EvaluationError(`no image of it can be evaluated on (${reasons.join(', ')})`, {
      code: 'evaluation-no-images',
      path,
      fix: 'check --dataset, --images and --labels',
    });
  }
  const seen = new Set<string>();
  for (const { id } of items) {
    if (seen.has(id)) {
      throw new EvaluationError(`two images have the id ${JSON.stringify(id)}`, {
        code: 'evaluation-duplicate-id',
        path,
        fix: 'remove one of them, or rename it',
      });
    }
    seen.add(id);
  }
}
