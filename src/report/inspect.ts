import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readDatasetSummary, readLock } from '../dataset/dataset-files.js';
import { readDataset } from '../dataset/read-dataset.js';
import { DatasetError, explainError, PatchmlError } from '../errors.js';
import { byteOrder } from '../files/byte-order.js';
import { readJsonLines } from '../files/json-lines.js';
import { exists } from '../files/stage-folder.js';
import { openAnnotations } from '../imagenet/annotation-source.js';
import type { DropCounts } from '../imagenet/drops.js';
import { classNameOf, classOf, type Wnid } from '../imagenet/synsets.js';
import { readPoolSummary } from '../pool/extract-pool.js';
import type { PatchRow } from '../pool/patch-row.js';
import { loadRecipe } from '../recipe/load-recipe.js';
import { recipeDigest } from '../recipe/digest.js';
import type { Recipe } from '../recipe/schema.js';
import { countSide, emptySideHistogram, type SideHistogram } from './histogram.js';

/** What is at a path, counted. */
export type Inspection = {
  path: string;
} & (
  | { kind: 'recipe'; digest: string; recipe: Recipe }
  | ({ kind: 'annotations'; annotations: number; malformed: number } & ObjectCounts)
  | ({ kind: 'pool'; digest: string; bytes: number; drops: DropCounts } & ObjectCounts)
  | ({
      kind: 'dataset';
      name: string;
      version: string;
      digest: string;
      images: number;
      counts: Record<string, number>;
      drops: DropCounts;
    } & ObjectCounts)
);

interface ObjectCounts {
  objects: number;
  /** Objects of each class, the most first. */
  classes: ClassCount[];
  /** Objects by the shorter side of their boxes as annotated, stored or shown, px. */
  sides: SideHistogram;
}

interface ClassCount {
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
      if (await exists(join(path, 'dataset.json'))) return await inspectDataset(path);
      if (await exists(join(path, 'pool.json'))) return await inspectPool(path);
    }
    return await inspectAnnotations(path);
  } catch (error) {
    const problem = explainError(error);
    const code = problem instanceof PatchmlError ? problem.code : '';
    if (!['annotations-none', 'annotations-unknown-form'].includes(code)) throw problem;
    throw new DatasetError('this is no dataset, pool, recipe or annotations', {
      code: 'inspect-unknown',
      path,
      fix: 'give a folder that patchml made, a recipe (.yaml), or annotations',
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
  for await (const annotation of (await openAnnotations(path)).read()) {
    annotations += 1;
    if ('problem' in annotation) malformed += 1;
    else {
      for (const { wnid, box } of annotation.objects) {
        tally.add(wnid, box[2] - box[0] + 1, box[3] - box[1] + 1);
      }
    }
  }
  return { path, kind: 'annotations', annotations, malformed, ...tally.counts() };
}

async function inspectPool(path: string): Promise<Inspection> {
  const { digest, bytes, drops } = await readPoolSummary(path);
  const tally = openTally();
  for await (const row of readJsonLines(join(path, 'patches.jsonl'))) {
    const { wnid, width, height } = row as PatchRow;
    tally.add(wnid, width, height);
  }
  return { path, kind: 'pool', digest, bytes, drops, ...tally.counts() };
}

async function inspectDataset(path: string): Promise<Inspection> {
  const { name, version, images, counts, source } = await readDatasetSummary(path);
  const { dataset: digest } = await readLock(path);
  const tally = openTally();
  for await (const { objects, labels, wnids } of (await readDataset(path)).rows()) {
    const wnidOf = new Map(labels.map((label, index) => [label, wnids[index]!]));
    for (const [index, [, , width, height]] of objects.bbox.entries()) {
      tally.add(wnidOf.get(objects.category[index]!)!, width, height);
    }
  }
  const drops = source.drops;
  return { path, kind: 'dataset', name, version, digest, images, counts, drops, ...tally.counts() };
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
