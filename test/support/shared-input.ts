import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe } from '@jest/globals';

const SHARED = resolve('..', 'shared', 'imagenet-val');

/** 300 images of ImageNet's validation set, with their XML, and the CSV of all 50,000. */
export const sharedInput = {
  images: join(SHARED, 'images'),
  annotations: join(SHARED, 'Annotations', 'CLS-LOC', 'val'),
  csv: join(SHARED, 'LOC_val_solution.csv'),
  /** ReaL's labels of all 50,000. */
  real: join(SHARED, 'real.json'),
  /** The synsets in class-index order, one a line. */
  synsets: join(SHARED, 'LOC_synset_mapping.txt'),
};

/** `describe` where the real images are, else a skipped one that says why. */
export function describeWithShared(name: string, tests: () => void): void {
  if (existsSync(sharedInput.images)) describe(name, tests);
  else describe.skip(`${name} (skipped: ../shared/imagenet-val is not here)`, tests);
}
