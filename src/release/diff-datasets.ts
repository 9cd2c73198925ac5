import type { MetadataRow } from '../dataset/metadata.js';
import { sha256 } from '../files/digest.js';
import type { DropCounts } from '../imagenet/drops.js';
import { type StageOptions, throwIfAborted } from '../progress.js';
import { diffRecipes, type RecipeChange } from './diff-recipes.js';
import { openPublished, type Published } from './open-published.js';

/** One of the two that are compared, counted. */
export interface DiffSide {
  path: string;
  name: string;
  /** Of the release, or where it is none, of the recipe. */
  version: string;
  /** The digest of the dataset. */
  digest: string;
  images: number;
  /** Images for each number of patches. */
  counts: Record<string, number>;
  /** Classes that are in any image. */
  classes: number;
  /** Objects in all images. */
  objects: number;
  /** Patches they were drawn from, and the objects that became none. */
  patches: number;
  drops: DropCounts;
}

/** How the images of the second differ from those of the first, by id, in the datasets' order. */
export interface ImageChanges {
  added: string[];
  removed: string[];
  /** What a user sees when the image is loaded. One may be in both of these lists. */
  changedPixels: string[];
  /** Labels, or objects with their boxes and sources. */
  changedLabels: string[];
  /** Images in both with the same pixels and labels. */
  unchanged: number;
  /** Of the unchanged, those whose files are other bytes: encoded anew, without loss. */
  encodedAnew: number;
}

/** What differs between two datasets. */
export interface DatasetDiff {
  before: DiffSide;
  after: DiffSide;
  /** Whether any byte of the datasets differs: their digests. */
  isSame: boolean;
  recipe: RecipeChange[];
  images: ImageChanges;
}

/**
 * Compares two datasets by what their metadata and summaries say; no image is read. Where images
 * are JPEGs, other bytes count as other pixels, since the pixels' digest is of those before
 * encoding.
 * @param before a dataset folder or a release, full or recipe-only
 * @param after the same
 * @throws DatasetError where one is neither
 */
export async function diffDatasets(
  before: string,
  after: string,
  { signal }: Pick<StageOptions, 'signal'> = {},
): Promise<DatasetDiff> {
  const [first, second] = [await openPublished(before), await openPublished(after)];
  const images = emptyChanges();
  const isLossy = [first, second].some((side) => formatOf(side) === 'jpeg');
  const known = new Map<string, Fingerprint>();
  const objects = { before: 0, after: 0 };
  for await (const row of first.dataset.rows()) {
    throwIfAborted(signal, 'compare');
    objects.before += row.k;
    known.set(row.id, fingerprint(row, isLossy));
  }
  for await (const row of second.dataset.rows()) {
    throwIfAborted(signal, 'compare');
    objects.after += row.k;
    note(row.id, known.get(row.id), fingerprint(row, isLossy), images);
    known.delete(row.id);
  }
  images.removed.push(...known.keys());
  return {
    before: describe(first, objects.before),
    after: describe(second, objects.after),
    isSame: first.dataset.lock.dataset === second.dataset.lock.dataset,
    recipe: diffRecipes(first.dataset.summary.recipe, second.dataset.summary.recipe),
    images,
  };
}

/** Digests of what may change in an image. */
interface Fingerprint {
  pixels: string;
  labels: string;
  file: string;
}

function fingerprint(row: MetadataRow, isLossy: boolean): Fingerprint {
  const { k, labels, wnids, objects, sha256: file, pixels_sha256 } = row;
  const { bbox, category, patch, source } = objects;
  return {
    pixels: isLossy ? file : pixels_sha256,
    labels: sha256(JSON.stringify([k, labels, wnids, bbox, category, patch, source])),
    file,
  };
}

function note(
  id: string,
  before: Fingerprint | undefined,
  after: Fingerprint,
  changes: ImageChanges,
): void {
  if (!before) {
    changes.added.push(id);
    return;
  }
  if (before.pixels !== after.pixels) changes.changedPixels.push(id);
  if (before.labels !== after.labels) changes.changedLabels.push(id);
  if (before.pixels !== after.pixels || before.labels !== after.labels) return;
  changes.unchanged += 1;
  if (before.file !== after.file) changes.encodedAnew += 1;
}

function emptyChanges(): ImageChanges {
  return {
    added: [],
    removed: [],
    changedPixels: [],
    changedLabels: [],
    unchanged: 0,
    encodedAnew: 0,
  };
}

function formatOf({ dataset }: Published): string {
  return dataset.summary.recipe.encode.format;
}

function describe({ path, dataset, release }: Published, objects: number): DiffSide {
  const { name, version, images, counts, classes, source } = dataset.summary;
  return {
    path,
    name,
    version: release?.version ?? version,
    digest: dataset.lock.dataset,
    images,
    counts,
    classes: Object.keys(classes).length,
    objects,
    patches: source.patches,
    drops: source.drops,
  };
}
