import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OutputError } from '../errors.js';
import { exists, isEmptyPlace, replacedFolder, toJson } from '../files/stage-folder.js';
import type { CodecVersions } from '../image/codec-versions.js';
import { digestOf } from '../files/digest.js';
import { recipeDigest } from '../recipe/digest.js';
import type { Recipe } from '../recipe/schema.js';
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
/** In an unfinished dataset: how far it is. */
export const PROGRESS_FILE = 'progress.json';

/** @throws OutputError where something else than a dataset is there, which is never replaced */
async function requireOwnPlace(place: string): Promise<void> {
  for (const path of [place, replacedFolder(place)]) {
    if ((await isEmptyPlace(path)) || (await exists(join(path, LOCK_FILE)))) continue;
    throw new OutputError('this folder holds something that is no patchml dataset', {
      code: 'output-not-empty',
      path,
      fix: 'name another --out, or move it away',
    });
  }
}

/**
 * Checks that a place may take a dataset of this recipe, before the work that leads to it.
 * @throws OutputError where something else is there, or a dataset of another recipe and not to be
 * replaced
 */
export async function requirePlaceFor(
  recipe: Recipe,
  place: string,
  overwrite: boolean,
): Promise<void> {
  await requireOwnPlace(place);
  if (overwrite || (await isEmptyPlace(place))) return;
  if ((await readLock(place)).recipe !== recipeDigest(recipe)) throw otherDataset(place);
}

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
  await requireOwnPlace(place);
  if (await isEmptyPlace(place)) return 'free';
  if (digestOf(await readOrigin(place)) === digestOf(origin)) return 'complete';
  if (overwrite) return 'free';
  throw otherDataset(place);
}

function otherDataset(path: string): OutputError {
  return new OutputError('this folder holds a dataset of another recipe or pool', {
    code: 'output-other-dataset',
    path,
    fix: 'name another --out, or replace it with --overwrite',
  });
}

/**
 * Clears a dataset's partial folder of what another dataset's run left in it, and notes whose it
 * is. What an interrupted run of this very dataset left stays.
 * @throws OutputError where the folder is something else
 */
export async function takeOver(partial: string, origin: DatasetOrigin): Promise<void> {
  const note = join(partial, ORIGIN_FILE);
  const left = await readFile(note, 'utf8').catch(() => undefined);
  const names = await readdir(partial);
  const isOurs = [ORIGIN_FILE, PROGRESS_FILE, LOCK_FILE].some((name) => names.includes(name));
  if (!isOurs && names.length > 0) {
    throw new OutputError('this folder is in the way and is no unfinished dataset', {
      code: 'output-not-empty',
      path: partial,
      fix: 'move it away, or name another --out',
    });
  }
  if (isOurs && left !== toJson(origin)) {
    await writeFile(note, toJson('being cleared')); // if killed here, it is cleared again
    for (const name of names) {
      if (name !== ORIGIN_FILE) await rm(join(partial, name), { recursive: true });
    }
  }
  await writeFile(note, toJson(origin));
}

/** Removes the notes that only an unfinished dataset has. */
export async function removeNotes(partial: string): Promise<void> {
  for (const note of [ORIGIN_FILE, PROGRESS_FILE]) await rm(join(partial, note), { force: true });
}

async function readOrigin(place: string): Promise<DatasetOrigin> {
  const { source } = await readDatasetSummary(place);
  const { recipe, pool, plan, versions } = await readLock(place);
  const { sharp, libvips, jpegDecoder, jpegEncoder, resizer } = versions;
  const codecs = { sharp, libvips, jpegDecoder, jpegEncoder, resizer };
  return { recipe, pool, plan, source, codecs };
}
