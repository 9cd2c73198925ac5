import { sha256 } from '../../src/files/digest.js';
import type { PatchRow } from '../../src/generate/pool.js';
import { poolPartOf } from '../../src/generate/stage-folder.js';
import { codecVersions } from '../../src/image/codecs.js';
import { temporaryFolder, writeTree } from './unit-folder.js';
import { recipeWith } from './unit-recipes.js';

const codecs = await codecVersions();

/** A synset name for any class number. */
export function wnidOf(classIndex: number): string {
  return `n${String(classIndex).padStart(8, '0')}`;
}

/** A row of a pool: its place in the pool is its only patch's. */
export function patchRow(
  position: number,
  classIndex: number,
  source = `image-${position}`,
  [width, height]: readonly [number, number] = [40, 30],
): PatchRow {
  return {
    id: `${source}#${position}`,
    wnid: wnidOf(classIndex),
    class: classIndex,
    source,
    box: [0, 0, width, height],
    width,
    height,
    sha256: '0'.repeat(64),
    offset: 0,
  };
}

/** A pool of so many patches of each class, each patch from an image of its own. */
export function poolOf(...sizes: number[]): PatchRow[] {
  return sizes
    .flatMap((size, classIndex) => Array.from({ length: size }, () => classIndex))
    .map((classIndex, position) => patchRow(position, classIndex));
}

/** Writes a pool folder; patches without pixels get none. @returns the folder */
export function writePool(
  rows: readonly PatchRow[],
  pixels: readonly Uint8Array[] = [],
  folder = temporaryFolder(),
): string {
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const summary = {
    format: 'patchml-pool',
    digest: sha256(lines),
    source: { annotations: rows.length, malformed: 0, objects: rows.length },
    patches: rows.length,
    bytes: pixels.reduce((sum, { length }) => sum + length, 0),
    drops: {},
    codecs,
    recipe: poolPartOf(recipeWith()),
  };
  return writeTree(
    {
      'pool.json': JSON.stringify(summary),
      'patches.jsonl': lines,
      'patches.bin': Buffer.concat(pixels),
    },
    folder,
  );
}
