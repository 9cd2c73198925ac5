import { join } from 'node:path';
import { readDataset } from '../dataset/read-dataset.js';
import { EvaluationError } from '../errors.js';
import { listFiles } from '../files/list-files.js';
import type { EvaluationSet } from './evaluation-set.js';
import { finishSet, type SetItem } from './finish-set.js';

/**
 * Opens a PatchML dataset: its label sets are known, and no image has an original label.
 * @throws DatasetError where its files are not what they should be
 * @throws EvaluationError where an image is not there
 */
export async function openPatchmlSet(folder: string): Promise<EvaluationSet> {
  const { summary, lock, rows } = await readDataset(folder);
  const files = await listFiles(join(folder, 'images'), () => true);
  const sizes = new Map(files.map(({ path, size }) => [`images/${path}`, size]));
  const items: SetItem[] = [];
  for await (const { id, file_name: file, labels } of rows()) {
    const size = sizes.get(file);
    if (size === undefined) throw damaged(`there is no ${file}`, folder);
    items.push({ id, place: { file, size }, labels });
  }
  if (items.length !== summary.images) {
    throw damaged(`expected ${summary.images} rows of metadata, got ${items.length}`, folder);
  }
  const name = `${summary.name} ${summary.version}`;
  const store = { path: folder, fingerprint: lock.dataset };
  return finishSet({ name, kind: 'patchml', rule: 'patchml', store }, items, {}, folder);
}

function damaged(problem: string, path: string): EvaluationError {
  return new EvaluationError(problem, {
    code: 'evaluation-dataset-damaged',
    path,
    fix: 'see what is wrong with it: "patchml verify"',
  });
}
