import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OutputError } from '../errors.js';
import {
  exists,
  isEmptyPlace,
  openPartialFolder,
  partialFolder,
  toJson,
  writeWhole,
} from '../files/stage-folder.js';
import type { CodecVersions } from '../image/codec-versions.js';
import { digestOf } from '../files/digest.js';
import {
  type DatasetLock,
  type DatasetSummary,
  LOCK_FILE,
  readDatasetSummary,
  readLock,
} from './dataset-files.js';

/** What determines a dataset: two with the same are byte for byte the same. */
export interface DatasetOrigin extends Pick<DatasetLock, 'recipe' | 'pool' | 'plan'> {
  /** What the inputs held, as `dataset.json` will say. */
  source: DatasetSummary['source'];
  codecs: CodecVersions;
}

const ORIGIN_FILE = 'origin.json';

/**
 * Looks at the place a dataset is to go to.
 * @returns `complete` where this very dataset is there already, else `free`
 * @throws OutputError where something else is there that may not be replaced
 */
export async function inspectPlace(
  place: string,
  origin: DatasetOrigin,
  overwrite: boolean,
): Promise<'complete' | 'free'> {
  if (await isEmptyPlace(place)) return 'free';
  if (!(await exists(join(place, LOCK_FILE)))) {
    throw new OutputError('this folder holds something that is no patchml dataset', {
      code: 'output-not-empty',
      path: place,
      fix: 'name another --out, or empty the folder yourself',
    });
  }
  if (digestOf(await readOrigin(place)) === digestOf(origin)) return 'complete';
  if (overwrite) return 'free';
  throw new OutputError('this folder holds a dataset of another recipe or pool', {
    code: 'output-other-dataset',
    path: place,
    fix: 'name another --out, or replace it with --overwrite',
  });
}

/**
 * Opens the partial folder of a dataset: with what an interrupted run of the same dataset left in
 * it, or empty.
 * @throws OutputError where its name is taken by something else
 */
export async function openPartialDataset(place: string, origin: DatasetOrigin): Promise<string> {
  const partial = partialFolder(place);
  const note = join(partial, ORIGIN_FILE);
  if (!(await isEmptyPlace(partial))) {
    if (
      !(await exists(note)) &&
      (await readdir(partial)).some((name) => name !== `${ORIGIN_FILE}.tmp`)
    ) {
      throw new OutputError('this folder is in the way and is no unfinished dataset', {
        code: 'output-not-empty',
        path: partial,
        fix: 'move it away, or name another --out',
      });
    }
    const left = await readFile(note, 'utf8').catch(() => '');
    if (left !== toJson(origin)) await rm(partial, { recursive: true });
  }
  await openPartialFolder(place);
  await writeWhole(note, toJson(origin));
  return partial;
}

async function readOrigin(place: string): Promise<DatasetOrigin> {
  const { source } = await readDatasetSummary(place);
  const { recipe, pool, plan, versions } = await readLock(place);
  const { sharp, libvips, jpegDecoder, jpegEncoder, resizer } = versions;
  const codecs = { sharp, libvips, jpegDecoder, jpegEncoder, resizer };
  return { recipe, pool, plan, source, codecs };
}

/** Removes the notes of an unfinished dataset. */
export async function closePartialDataset(partial: string): Promise<void> {
  await rm(join(partial, ORIGIN_FILE));
}
