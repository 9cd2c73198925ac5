import {
  type Dataset,
  type DatasetFolder,
  type DatasetLock,
  readDataset,
} from '../dataset/dataset.js';
import { explainError } from '../files/file-errors.js';
import { buildIndex } from '../generate/build-index.js';
import { composeDataset } from '../generate/compose-dataset.js';
import { requirePlaceFor } from '../generate/dataset-output.js';
import { extractPool } from '../generate/extract-pool.js';
import { makePlan, type Plan } from '../generate/make-plan.js';
import type { StageOptions } from '../progress.js';
import { type DatasetDiff, diffDatasets, pixelDistance, type PixelDistance } from './diff.js';
import { openPublished, type Published, type ReleaseFolder } from './release-folder.js';
import { requireOutsideRelease } from './release.js';
import { requireVerifiedRelease } from './verify-release.js';

export interface RegenerateReleaseInput {
  /** A release, full or recipe-only. */
  release: ReleaseFolder;
  /** One's own copy of ImageNet: folder of XML, `LOC_*_solution.csv` or archive. */
  annotations: string;
  /** Its folder or archive of images. */
  images: string;
  /** Where the dataset goes. */
  out: string;
  /** Where the stages keep what they make, for this and later runs. */
  work: string;
}

export interface RegenerateReleaseOptions extends StageOptions {
  /** Ends the run at the first bad annotation or image. Default: false: they are counted. */
  strict?: boolean | undefined;
  /** Replaces another patchml dataset at `out`. Default: false. */
  overwrite?: boolean | undefined;
}

/** A part that was published with another version than is here. */
export interface VersionChange {
  part: string;
  published: string;
  here: string;
}

/** A dataset regenerated from a release, compared with it. */
export interface RegeneratedRelease {
  /** The dataset's folder, the pool's and the plan's. */
  dataset: DatasetFolder;
  pool: string;
  plan: string;
  /** Whether every byte is as published: the digests of the two datasets are one. */
  isSame: boolean;
  /** The digest of the dataset that was made, and of the one that was published. */
  digest: string;
  published: string;
  /** Images published; of these, those with the same pixels. */
  images: number;
  identical: number;
  /** Ids of those whose pixels differ, and of those that were not regenerated. */
  differing: string[];
  missing: string[];
  /** Images that hold other patches, or at other places, than the published plan says. */
  replanned: string[];
  /** How far the differing images are from the published ones; null if none differ, or the release has no pixels. */
  distance: PixelDistance | null;
  /** Codecs and the like that are of another version here, which may change pixels. */
  versions: VersionChange[];
  /** All that differs. */
  diff: DatasetDiff;
}

/**
 * Regenerates the dataset of a release from one's own copy of ImageNet, and proves it: the plan is made
 * again and compared with the published one, and so are the digests of every image's pixels.
 * An interrupted run is continued.
 * @throws DatasetError where the folder is not a release
 * @throws ReleaseError `release-incomplete` where the release is incomplete or changed, `output-in-release`
 * @throws SamplingError where the copy has too little to make the plan from
 * @throws AnnotationError, ImageError, RecipeError: see the stages
 * @throws OutputError where a folder cannot be read or written; AbortedError
 */
export async function regenerateRelease(
  { release, annotations, images, out, work }: RegenerateReleaseInput,
  options: RegenerateReleaseOptions = {},
): Promise<RegeneratedRelease> {
  try {
    await requireVerifiedRelease(release, options);
    for (const place of [out, work]) await requireOutsideRelease(place);
    const published = await openPublished(release);
    const { recipe } = published.dataset.summary;
    await requirePlaceFor(recipe, out, options.overwrite ?? false);
    const index = await buildIndex({ recipe, annotations, images, work }, options);
    const pool = await extractPool({ recipe, index: index.folder, work }, options);
    const plan = await makePlan({ recipe, pool: pool.folder, work }, options);
    const replanned = await replannedIn(published.dataset, plan);
    const stages = { pool: pool.folder, plan: plan.folder };
    await composeDataset({ recipe, ...stages, out }, options);
    return {
      dataset: out,
      ...stages,
      replanned,
      ...(await compareWithPublished(published, out, options)),
    };
  } catch (error) {
    throw explainError(error);
  }
}

/**
 * Images that a plan does not have as the published metadata has them. Both have the same order,
 * unless somebody changed one: only then are rows kept.
 */
async function replannedIn(published: Dataset, plan: Plan): Promise<string[]> {
  const planned = plan.rows()[Symbol.asyncIterator]();
  const passed = new Map<string, string>();
  const placedIn = async (id: string): Promise<string | undefined> => {
    const known = passed.get(id);
    if (known !== undefined) return known;
    for (let next = await planned.next(); next.done !== true; next = await planned.next()) {
      const { id: found, objects } = next.value;
      const placed = JSON.stringify(objects.map(({ patch, bbox }) => [patch, bbox]));
      if (found === id) return placed;
      passed.set(found, placed);
    }
    return undefined;
  };
  const others: string[] = [];
  for await (const { id, objects } of published.rows()) {
    const expected = objects.patch.map((patch, i) => [patch, objects.bbox[i]]);
    if ((await placedIn(id)) !== JSON.stringify(expected)) others.push(id);
  }
  await planned.return?.();
  return others;
}

type Compared = Omit<RegeneratedRelease, 'dataset' | 'pool' | 'plan' | 'replanned'>;

async function compareWithPublished(
  { path, dataset: published, hasPixels }: Published,
  out: string,
  options: StageOptions,
): Promise<Compared> {
  const made = await readDataset(out);
  const diff = await diffDatasets({ before: path, after: out }, options);
  const { changedPixels: differing, removed: missing } = diff.images;
  const images = diff.before.images;
  return {
    isSame: diff.isSame,
    digest: diff.after.digest,
    published: diff.before.digest,
    images,
    identical: images - differing.length - missing.length,
    differing,
    missing,
    distance:
      hasPixels && differing.length > 0
        ? await pixelDistance(published, made, differing, options)
        : null,
    versions: versionChanges(published.lock.versions, made.lock.versions),
    diff,
  };
}

function versionChanges(
  published: DatasetLock['versions'],
  here: DatasetLock['versions'],
): VersionChange[] {
  const parts = Object.keys({ ...published, ...here }) as (keyof DatasetLock['versions'])[];
  return parts
    .filter((part) => published[part] !== here[part])
    .map((part) => ({ part, published: published[part] ?? 'none', here: here[part] ?? 'none' }));
}
