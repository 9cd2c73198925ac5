import { type DatasetFolder, readDataset, readLock } from '../dataset/dataset.js';
import type { MetadataRow } from '../dataset/row.js';
import { DatasetError } from '../errors.js';
import { sha256 } from '../files/digest.js';
import { type StageOptions, throwIfAborted } from '../progress.js';
import { drawWithoutReplacement, openStream } from '../random.js';
import { openComposer } from './compose-image.js';
import type { PlanRow } from './make-plan.js';
import { PoolReader } from './pool-reader.js';
import { type PatchRow, type PoolFolder, readPatchRows, readPoolSummary } from './pool.js';
import { findStageFolders } from './stage-folder.js';

export interface RegenerateInput {
  /** The dataset folder. */
  dataset: DatasetFolder;
  /** The pool folder it was composed from. */
  pool: PoolFolder;
  /** How many images to recompose; all, if there are fewer. */
  sample: number;
  /** Chooses the sample. Default: the recipe's seed. */
  seed?: string | undefined;
}

/** The recomposed images, and those whose pixels, or whose patches' pixels, differ. */
export interface Regeneration {
  images: number;
  differing: string[];
}

/**
 * Recomposes a seeded sample of a dataset's images from the pool and compares the pixels' digests
 * with the metadata's.
 * @throws DatasetError where the dataset or the pool is invalid or damaged, or the pool is not the one
 * that the dataset was made from
 * @throws OutputError where a file cannot be read; AbortedError
 */
export async function regenerateSample(
  { dataset: folder, pool, sample, seed }: RegenerateInput,
  { signal, onProgress }: StageOptions = {},
): Promise<Regeneration> {
  const dataset = await readDataset(folder);
  const { recipe, images } = dataset.summary;
  await requireSamePool(folder, pool);
  const size = Math.min(sample, images);
  const stream = openStream(`${seed ?? recipe.seed}/verify`);
  const chosen = new Set(drawWithoutReplacement(stream, images, size));
  const rowOf = new Map((await readPatchRows(pool)).map((row) => [row.id, row]));
  const reader = new PoolReader(pool);
  const compose = openComposer(recipe, reader);
  const differing: string[] = [];
  let position = 0;
  let done = 0;
  try {
    for await (const row of dataset.rows()) {
      if (chosen.has(position++)) {
        throwIfAborted(signal, 'verify');
        const patches = row.objects.patch.map((patch) => rowOf.get(patch));
        const isKnown = patches.every((patch) => patch !== undefined);
        const isWhole = isKnown && patches.every((patch) => isAsExtracted(reader, patch));
        const image = isWhole ? compose({ row: toPlanRow(row), patches }) : undefined;
        if (!image || sha256(image.data) !== row.pixels_sha256) differing.push(row.file_name);
        onProgress?.({ stage: 'verify', done: ++done, total: size, unit: 'images' });
      }
    }
  } finally {
    reader.close();
  }
  return { images: size, differing };
}

/** A dataset that was made of a changed pool would agree with it: the patches' own digests tell. */
function isAsExtracted(reader: PoolReader, patch: PatchRow): boolean {
  return sha256(reader.read(patch).data) === patch.sha256;
}

export interface FindPoolInput {
  /** The dataset folder. */
  dataset: DatasetFolder;
  /** Where stages keep what they make. */
  work: string;
}

/**
 * The pool in a work folder that a dataset was made from.
 * @throws DatasetError where the dataset is invalid, or its pool is missing
 * @throws OutputError where a file cannot be read
 */
export async function findPoolOf({ dataset, work }: FindPoolInput): Promise<PoolFolder> {
  const { pool } = await readLock(dataset);
  const [found] = await findStageFolders(
    'pool',
    work,
    async (place) => (await readPoolSummary(place)).digest === pool,
  );
  if (found !== undefined) return found;
  throw new DatasetError('the pool of this dataset was not found', {
    code: 'pool-missing',
    path: work,
    fix: 'pass --pool or --work, or create it with "patchml extract"',
  });
}

async function requireSamePool(folder: DatasetFolder, pool: PoolFolder): Promise<void> {
  const lock = await readLock(folder);
  const summary = await readPoolSummary(pool);
  if (lock.pool === summary.digest) return;
  throw new DatasetError('this is not the pool the dataset was made from', {
    code: 'pool-of-another-dataset',
    path: pool,
    fix: 'extract it with the recipe and the inputs of the dataset',
  });
}

function toPlanRow({ id, k, objects }: MetadataRow): PlanRow {
  return { id, k, objects: objects.patch.map((patch, i) => ({ patch, bbox: objects.bbox[i]! })) };
}
