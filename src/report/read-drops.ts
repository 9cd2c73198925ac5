import { join } from 'node:path';
import { DatasetError } from '../errors.js';
import { readJsonLines } from '../files/json-lines.js';
import { exists } from '../files/stage-folder.js';
import type { MalformedAnnotation } from '../imagenet/annotation.js';
import type { Drop } from '../imagenet/drops.js';

/**
 * Lists what a pool (or an index) left out: malformed annotations, and every object that did not
 * become a patch, with its reason.
 * @throws DatasetError where the folder has no such list
 */
export async function* readDrops(folder: string): AsyncGenerator<Drop | MalformedAnnotation> {
  const path = join(folder, 'drops.jsonl');
  if (!(await exists(path))) {
    throw new DatasetError('only a pool or an index lists its drops', {
      code: 'drops-missing',
      path: folder,
      fix: 'give the pool folder that "patchml generate" names',
    });
  }
  for await (const row of readJsonLines(path)) yield row as Drop | MalformedAnnotation;
}
