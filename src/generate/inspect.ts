import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  openMeanSide,
  readDataset,
  readDatasetSummary,
  readLock,
  SUMMARY_FILE,
} from '../dataset/dataset.js';
import { DatasetError, PatchmlError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { exists } from '../files/folders.js';
import { byteOrder } from '../files/listing.js';
import { type MalformedAnnotation } from '../imagenet/annotation.js';
import { type Drop, type DropCounts, dropRowSchema } from '../imagenet/drops.js';
import { openAnnotations } from '../imagenet/annotations.js';
import { classNameOf, classOf, type Wnid } from '../imagenet/synsets.js';
import { loadRecipe, recipeDigest } from '../recipe/load.js';
import type { Recipe } from '../recipe/schema.js';
import { POOL_FILE, readPool } from './pool.js';
import { readStageRows } from './stage-folder.js';

/** What is at a path, counted. */
export type Inspection = {
  path: string;
} & (
  | { kind: 'recipe'; digest: string; recipe: Recipe }
  | ({
      kind: 'annotations';
      annotations: number;
      malformed: number;
      /** Objects without one name and one box; they are not among `objects`. */
      malformedObjects: number;
    } & ObjectCounts)
  | ({ kind: 'pool'; digest: string; bytes: number; drops: DropCounts } & ObjectCounts)
  | ({
      kind: 'dataset';
      name: string;
      version: string;
      digest: string;
      images: number;
      counts: Record<string, number>;
      /** The mean side that patches are painted in for each k, px: see `DatasetSummary`. */
      meanSide: Record<string, number>;
      drops: DropCounts;
    } & ObjectCounts)
);

export interface ObjectCounts {
  objects: number;
  /** Objects of each class, the most first. */
  classes: ClassCount[];
  /** Objects by the shorter side of their boxes as annotated, stored or shown, px. */
  sides: SideHistogram;
}

export interface ClassCount {
  wnid: Wnid;
  name: string;
  objects: number;
}

/**
 * Counts what is in a dataset, a pool, a recipe, or annotations in any form that `generate` reads.
 * @throws PatchmlError where it is none of these
 */
export async function inspect(path: string): Promise<Inspection> {
  try {
    if (/\.ya?ml$/.test(path)) return await inspectRecipe(path);
    if ((await stat(path)).isDirectory()) {
      if (await exists(join(path, SUMMARY_FILE))) return await inspectDataset(path);
      if (await exists(join(path, POOL_FILE))) return await inspectPool(path);
    }
    return await inspectAnnotations(path);
  } catch (error) {
    const problem = explainError(error);
    const code = problem instanceof PatchmlError ? problem.code : '';
    if (!['annotations-none', 'annotations-unknown-form'].includes(code)) throw problem;
    throw new DatasetError('this is not a dataset, a pool, a recipe or annotations', {
      code: 'inspect-unknown',
      path,
      fix: 'pass a folder that patchml wrote, a recipe (.yaml), or annotations',
    });
  }
}

async function inspectRecipe(path: string): Promise<Inspection> {
  const recipe = await loadRecipe(path);
  return { path, kind: 'recipe', digest: recipeDigest(recipe), recipe };
}

async function inspectAnnotations(path: string): Promise<Inspection> {
  const tally = openTally();
  let annotations = 0;
  let malformed = 0;
  let malformedObjects = 0;
  for await (const annotation of (await openAnnotations(path)).read()) {
    annotations += 1;
    if ('problem' in annotation) malformed += 1;
    else {
      for (const object of annotation.objects) {
        if ('problem' in object) malformedObjects += 1;
        else {
          const { wnid, box } = object;
          tally.add(wnid, box[2] - box[0] + 1, box[3] - box[1] + 1);
        }
      }
    }
  }
  return {
    path,
    kind: 'annotations',
    annotations,
    malformed,
    malformedObjects,
    ...tally.counts(),
  };
}

async function inspectPool(path: string): Promise<Inspection> {
  const { summary, rows } = await readPool(path);
  const { digest, bytes, drops } = summary;
  const tally = openTally();
  for await (const { wnid, width, height } of rows()) tally.add(wnid, width, height);
  return { path, kind: 'pool', digest, bytes, drops, ...tally.counts() };
}

async function inspectDataset(path: string): Promise<Inspection> {
  const { name, version, images, counts, source } = await readDatasetSummary(path);
  const { dataset: digest } = await readLock(path);
  const tally = openTally();
  const painted = openMeanSide();
  for await (const row of (await readDataset(path)).rows()) {
    const { objects, labels, wnids } = row;
    painted.add(row);
    const wnidOf = new Map(labels.map((label, index) => [label, wnids[index]!]));
    for (const [index, [, , width, height]] of objects.bbox.entries()) {
      tally.add(wnidOf.get(objects.category[index]!)!, width, height);
    }
  }
  const drops = source.drops;
  return {
    path,
    kind: 'dataset',
    name,
    version,
    digest,
    images,
    counts,
    meanSide: painted.means(),
    drops,
    ...tally.counts(),
  };
}

function openTally(): {
  add(wnid: Wnid, width: number, height: number): void;
  counts(): ObjectCounts;
} {
  const sides = emptySideHistogram();
  const byClass = new Map<Wnid, number>();
  let objects = 0;
  return {
    add(wnid, width, height) {
      objects += 1;
      byClass.set(wnid, (byClass.get(wnid) ?? 0) + 1);
      countSide(sides, width, height);
    },
    counts: () => ({
      objects,
      classes: [...byClass.entries()]
        .map(([wnid, count]) => ({ wnid, name: nameOf(wnid), objects: count }))
        .sort((a, b) => b.objects - a.objects || byteOrder(a.wnid, b.wnid)),
      sides,
    }),
  };
}

function nameOf(wnid: Wnid): string {
  const index = classOf(wnid);
  return index === undefined ? 'not of the 1,000' : classNameOf(index);
}

/** Sides of patches are counted in these ranges: each from its number up to the next, px. */
const SIDE_RANGES = [0, 32, 64, 128, 256, 512] as const;

/** Counts of shorter sides, by range: `{ "32-63": 12, ... }`, px. */
export type SideHistogram = Record<string, number>;

/** A histogram without counts. */
export function emptySideHistogram(): SideHistogram {
  return Object.fromEntries(SIDE_RANGES.map((_, index) => [shortNameOf(index), 0]));
}

/** Counts one size by its shorter side. */
export function countSide(histogram: SideHistogram, width: number, height: number): void {
  const side = Math.min(width, height);
  const index = SIDE_RANGES.findLastIndex((from) => side >= from);
  histogram[shortNameOf(Math.max(index, 0))]! += 1;
}

function shortNameOf(index: number): string {
  const from = SIDE_RANGES[index]!;
  const next = SIDE_RANGES[index + 1];
  return next === undefined ? `${from}+` : `${from}-${next - 1}`;
}

/**
 * Lists what a pool (or an index) left out: malformed annotations, and every object that did not
 * become a patch, with its reason.
 * @throws DatasetError where the folder has no such list, or that names the line and the field
 */
export async function* readDrops(folder: string): AsyncGenerator<Drop | MalformedAnnotation> {
  const path = join(folder, 'drops.jsonl');
  if (!(await exists(path))) {
    throw new DatasetError('only a pool or an index lists dropped objects', {
      code: 'drops-missing',
      path: folder,
      fix: 'pass the pool folder that "patchml generate" prints',
    });
  }
  yield* readStageRows('pool', path, dropRowSchema);
}
