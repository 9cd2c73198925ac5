import type { Dataset, DatasetFolder } from '../dataset/dataset.js';
import { type MetadataRow, ROW_FIELDS, type RowPart } from '../dataset/row.js';
import { sha256 } from '../files/digest.js';
import { byteOrder, pairInOrder } from '../files/listing.js';
import { MAX_IMAGE_BYTES, readRegularFile } from '../files/read-file.js';
import { decodeImage } from '../image/decode.js';
import type { DropCounts } from '../imagenet/drops.js';
import { type StageOptions, throwIfAborted } from '../progress.js';
import { portableRecipe, type RecipeChange, recipeChanges } from '../recipe/load.js';
import { openPublished, type Published, type ReleaseFolder } from './release-folder.js';

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
  /** Of the unchanged, those whose files are other bytes: encoded again, without loss. */
  encodedAnew: number;
}

/** The two that are compared: dataset folders or releases, full or recipe-only. */
export interface DiffInput {
  before: DatasetFolder | ReleaseFolder;
  after: DatasetFolder | ReleaseFolder;
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
 * @throws DatasetError where one is neither a dataset nor a release, or its metadata is damaged
 * @throws OutputError where a file cannot be read; AbortedError
 */
export async function diffDatasets(
  { before, after }: DiffInput,
  { signal }: Pick<StageOptions, 'signal'> = {},
): Promise<DatasetDiff> {
  const [first, second] = [await openPublished(before), await openPublished(after)];
  const isLossy = [first, second].some((side) => formatOf(side) === 'jpeg');
  const rows = [first, second].map(({ dataset }) => fingerprints(dataset, isLossy, signal));
  const { images, objects } =
    (await compareInOrder(rows[0]!(), rows[1]!())) ?? (await compareById(rows[0]!(), rows[1]!()));
  return {
    before: sideOf(first, objects.before),
    after: sideOf(second, objects.after),
    isSame: first.dataset.lock.dataset === second.dataset.lock.dataset,
    recipe: recipeChanges(
      portableRecipe(first.dataset.summary.recipe),
      portableRecipe(second.dataset.summary.recipe),
    ),
    images,
  };
}

/** What is compared of the images, and how it differs. */
interface ComparedImages {
  images: ImageChanges;
  objects: { before: number; after: number };
}

/**
 * Compares two lists of images that both ascend by their ids, as those that patchml writes do. Memory
 * does not grow with their number.
 * @returns undefined where one of them does not
 */
async function compareInOrder(
  before: AsyncGenerator<Fingerprint>,
  after: AsyncGenerator<Fingerprint>,
): Promise<ComparedImages | undefined> {
  const [images, objects] = [emptyChanges(), { before: 0, after: 0 }];
  const state = { isInOrder: true };
  const placed = async function* (rows: AsyncGenerator<Fingerprint>) {
    let last = '';
    for await (const row of rows) {
      const path = placeOf(row.id);
      state.isInOrder &&= byteOrder(path, last) > 0;
      if (!state.isInOrder) return;
      yield { ...row, path };
      last = path;
    }
  };
  for await (const [a, b] of pairInOrder(placed(before), placed(after))) {
    if (a) objects.before += a.k;
    if (b) {
      objects.after += b.k;
      note(b.id, a, b, images);
    } else if (a) images.removed.push(a.id);
  }
  return state.isInOrder ? { images, objects } : undefined;
}

/** Where an id stands in a dataset: `k3-000017` behind all of two objects. Empty for other ids. */
function placeOf(id: string): string {
  const [, k, image] = /^k(\d{1,9})-(\d{1,9})$/.exec(id) ?? [];
  if (k === undefined || image === undefined) return '';
  return [k.padStart(9, '0'), image.padStart(9, '0'), id].join();
}

/** Compares two lists of images, whatever their order. */
async function compareById(
  before: AsyncGenerator<Fingerprint>,
  after: AsyncGenerator<Fingerprint>,
): Promise<ComparedImages> {
  const [images, objects] = [emptyChanges(), { before: 0, after: 0 }];
  const known = new Map<string, Fingerprint>();
  for await (const row of before) {
    objects.before += row.k;
    known.set(row.id, row);
  }
  for await (const row of after) {
    objects.after += row.k;
    note(row.id, known.get(row.id), row, images);
    known.delete(row.id);
  }
  for (const id of known.keys()) images.removed.push(id);
  return { images, objects };
}

/** Digests of what may change in an image. */
interface Fingerprint {
  id: string;
  k: number;
  pixels: string;
  labels: string;
  file: string;
}

function fingerprints(
  { rows }: Dataset,
  isLossy: boolean,
  signal: AbortSignal | undefined,
): () => AsyncGenerator<Fingerprint> {
  return async function* () {
    for await (const row of rows()) {
      throwIfAborted(signal, 'compare');
      yield {
        id: row.id,
        k: row.k,
        pixels: digestOfPart(row, isLossy ? 'file' : 'pixels'),
        labels: digestOfPart(row, 'labels'),
        file: digestOfPart(row, 'file'),
      };
    }
  };
}

/** The digest of all that a row says of one thing. */
function digestOfPart(row: MetadataRow, part: RowPart): string {
  const values: Readonly<Record<string, unknown>> = row;
  const fields = Object.entries(ROW_FIELDS).filter(([, field]) => field.part === part);
  return sha256(JSON.stringify(fields.map(([name]) => values[name])));
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

function sideOf({ path, dataset, release }: Published, objects: number): DiffSide {
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

/** How far the pixels of some images are from each other, in levels of 0 to 255. */
export interface PixelDistance {
  /** Images compared. */
  images: number;
  /** The largest difference of any sample. */
  max: number;
  /** The mean absolute difference of all samples of these images. */
  mean: number;
}

/**
 * Compares the pixels of images that two datasets have, as a user loads them.
 * @param ids of images that both have, at least one, of one size in both
 * @throws ImageError where one cannot be decoded
 */
export async function pixelDistance(
  first: Dataset,
  second: Dataset,
  ids: readonly string[],
  { signal, onProgress }: StageOptions = {},
): Promise<PixelDistance> {
  const paths = await pathsOf(second, new Set(ids));
  let [images, max, sum, samples] = [0, 0, 0, 0];
  for await (const row of first.rows()) {
    const path = paths.get(row.id);
    if (path === undefined) continue;
    throwIfAborted(signal, 'compare');
    const [a, b] = [await decode(first.pathOf(row)), await decode(path)];
    for (let i = 0; i < a.length; i += 1) {
      const difference = Math.abs(a[i]! - b[i]!);
      if (difference > max) max = difference;
      sum += difference;
    }
    samples += a.length;
    images += 1;
    onProgress?.({ stage: 'compare', done: images, total: ids.length, unit: 'images' });
  }
  return { images, max, mean: sum / samples };
}

async function pathsOf(dataset: Dataset, ids: ReadonlySet<string>): Promise<Map<string, string>> {
  const paths = new Map<string, string>();
  for await (const row of dataset.rows()) {
    if (ids.has(row.id)) paths.set(row.id, dataset.pathOf(row));
  }
  return paths;
}

async function decode(path: string): Promise<Buffer> {
  return (await decodeImage(await readRegularFile(path, { maxBytes: MAX_IMAGE_BYTES }))).data;
}
