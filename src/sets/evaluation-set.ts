import { EvaluationError } from '../errors.js';
import { digestOf, digestOfLists } from '../files/digest.js';
import type { ImagePlace } from '../imagenet/images.js';
import type { ClassIndex } from '../imagenet/synsets.js';
import type { GridCell } from '../image/box.js';
import type { Recipe } from '../recipe/schema.js';
import type { MultiLabelRule } from './multi-labels.js';

/** What kind of set it is: which form it has on disk. */
export type EvaluationSetKind = 'patchml' | 'imagenet' | 'imagenet-v2' | 'labelled-images';

/**
 * Where the valid classes come from: PatchML's metadata, the original label, ReaL, the multi-labels
 * of Shankar et al. by one of two rules, or a list of files and labels that the user gave.
 */
export type LabelRule = 'patchml' | 'original' | 'real' | `multi-label-${MultiLabelRule}` | 'given';

/** The images that models are scored on, and the classes that are right for each. */
export interface EvaluationSet {
  /** As scorecards name it: `paper 1.0.0`, `imagenet-val`, `imagenetv2-matched-frequency`. */
  name: string;
  kind: EvaluationSetKind;
  /** One id an image, in the set's own order, each once. */
  ids: readonly string[];
  /** Where the images are; undefined where only labels were given, which is enough to score. */
  images: EvaluationImages | undefined;
  /** The single original label of each image; undefined where the set has none (PatchML). */
  originals: readonly ClassIndex[] | undefined;
  /** The valid classes of each image; an empty list means "not annotated". */
  labels: readonly (readonly ClassIndex[])[];
  /** What was painted into the images of a PatchML dataset; absent for any other set. */
  painted?: PaintedSet | undefined;
  /** What the valid classes are. */
  rule: LabelRule;
  /**
   * SHA-256 over ids, labels, originals, rule and, of a PatchML dataset, the digests of its images'
   * pixels: datasets of one seed that differ in layout or background have the same ids and labels.
   */
  digest: string;
  /**
   * How many images do not count, by reason. Some are not in the set (`not-validation`, `not-listed`,
   * `outside-class-folders`, `unknown-synset`); others are in it with an empty list of labels
   * (`not-annotated`, `problematic`, `no-valid-label`).
   */
  leftOut: Readonly<Record<string, number>>;
}

/** The image files of an evaluation set. */
export interface EvaluationImages {
  /** The folder or archive. */
  path: string;
  /** In the order of the set's ids. */
  places: readonly ImagePlace[];
  /** Changes when the images do. */
  fingerprint: string;
}

/** The objects of a PatchML dataset's images. */
export interface PaintedSet {
  /** How the recipe lays objects out: by it, a place is a cell of a grid or, in a scatter, a third. */
  layout: Recipe['layout']['type'];
  /** In the order of the set's ids. */
  images: readonly PaintedImage[];
}

/** The objects of one image. */
export interface PaintedImage {
  /**
   * In a paired dataset, the image's number: the images of one number hold the same patches, in each
   * one more than in the one before. Undefined in any other dataset.
   */
  number: number | undefined;
  /** In the order they were painted in. */
  objects: readonly PaintedObject[];
}

/** One object of an image. */
export interface PaintedObject {
  category: ClassIndex;
  /** The id of its patch: objects of one id are the same pixels before resizing. */
  patch: string;
  /** The side it is painted in, px: the square root of its box's area. */
  side: number;
  cell: GridCell;
}

/** One image of a set that is being opened. */
export interface SetItem {
  id: string;
  place?: ImagePlace | undefined;
  original?: ClassIndex | undefined;
  labels: readonly ClassIndex[];
  /** SHA-256 of its pixels, where the set tells its images by them. */
  pixels?: string | undefined;
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
 * @param sorted the same images in the order that the digest is taken over
 * @throws EvaluationError where no image is left, or two have one id
 */
export function finishSet(
  { name, kind, rule, store }: SetHead,
  items: readonly SetItem[],
  leftOut: Readonly<Record<string, number>>,
  path: string,
  sorted: readonly SetItem[] = items,
): EvaluationSet {
  requireDistinctIds(items, leftOut, path);
  const { ids, labels, originals } = columnsOf(items);
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
    digest: digestOfSet(rule, columnsOf(sorted)),
    leftOut: counts,
  };
}

/** What the digest of a set is taken over, a column for each; those that the set lacks are absent. */
interface DigestColumns {
  ids: Iterable<string>;
  labels: Iterable<readonly ClassIndex[]>;
  originals?: Iterable<ClassIndex>;
  pixels?: Iterable<string>;
}

/** The digest of a set: of the images, and of what a score depends on beside predictions. */
export function digestOfSet(rule: LabelRule, columns: DigestColumns): string {
  return digestOfLists({ ...columns, rule });
}

/** The digest of a set of which only these images are left. */
export function digestOfPart(digest: string, ids: readonly string[]): string {
  return digestOf([digest, ids]);
}

function columnsOf(items: readonly SetItem[]): Pick<EvaluationSet, 'ids' | 'labels'> & {
  originals?: readonly ClassIndex[];
  pixels?: readonly string[];
} {
  const ids = items.map(({ id }) => id);
  const labels = items.map((item) => item.labels);
  const originals = items.flatMap(({ original }) => (original === undefined ? [] : [original]));
  const pixels = items.flatMap((item) => item.pixels ?? []);
  return {
    ids,
    labels,
    ...(originals.length === items.length ? { originals } : {}),
    ...(pixels.length === items.length ? { pixels } : {}),
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

/**
 * A set without some of its images, which are counted under `reason`. Its digest is another: scores
 * of it are not those of the full set.
 */
export function withoutImages(
  set: EvaluationSet,
  ids: ReadonlySet<string>,
  reason: string,
): EvaluationSet {
  if (ids.size === 0) return set;
  const isKept = (_: unknown, index: number): boolean => !ids.has(set.ids[index]!);
  const kept = set.ids.filter(isKept);
  return {
    ...set,
    ids: kept,
    images: set.images && { ...set.images, places: set.images.places.filter(isKept) },
    originals: set.originals?.filter(isKept),
    labels: set.labels.filter(isKept),
    painted: set.painted && { ...set.painted, images: set.painted.images.filter(isKept) },
    digest: digestOfPart(set.digest, kept),
    leftOut: {
      ...set.leftOut,
      [reason]: (set.leftOut[reason] ?? 0) + set.ids.length - kept.length,
    },
  };
}

/**
 * Some images of a set, for a quick trial: spread evenly over what its images are sorted by, the
 * number of labels in a PatchML set, the class elsewhere. The validation set is sorted by nothing,
 * so that its first images are taken.
 *
 * @param limit at most so many, 1 or more; undefined for all
 */
export function limitImages(set: EvaluationSet, limit: number | undefined): EvaluationSet {
  if (limit === undefined || limit >= set.ids.length) return set;
  const taken = set.kind === 'imagenet' ? firstOf(set, limit) : spreadOver(groupsOf(set), limit);
  const left = new Set(set.ids.filter((_, position) => !taken.has(position)));
  return withoutImages(set, left, 'beyond-limit');
}

function firstOf({ ids }: EvaluationSet, limit: number): Set<number> {
  return new Set([...ids.keys()].slice(0, limit));
}

/** The positions of the images of each kind, in the set's order; the kinds ascending. */
function groupsOf({ kind, labels, originals }: EvaluationSet): number[][] {
  const groups = new Map<number, number[]>();
  labels.forEach((valid, position) => {
    // Images without labels come last.
    const group =
      kind === 'patchml' ? valid.length : (originals?.[position] ?? valid[0] ?? Infinity);
    const positions = groups.get(group);
    if (positions) positions.push(position);
    else groups.set(group, [position]);
  });
  return [...groups].sort(([a], [b]) => a - b).map(([, positions]) => positions);
}

/** One image of each group, then a second of each, and so on; the last ones of groups far apart. */
function spreadOver(groups: readonly (readonly number[])[], limit: number): Set<number> {
  const taken = new Set<number>();
  for (let round = 0; taken.size < limit; round += 1) {
    const here = groups.flatMap((positions) => positions[round] ?? []);
    const wanted = Math.min(here.length, limit - taken.size);
    for (let at = 0; at < wanted; at += 1) {
      taken.add(here[Math.floor((at * here.length) / wanted)]!);
    }
  }
  return taken;
}
