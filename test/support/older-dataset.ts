import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { datasetDigest, type DatasetLock } from '../../src/dataset/dataset.js';
import { readJson, readRows, sha256Of } from './workspace.js';

/**
 * Makes a dataset into the one that patchml 0.1 wrote: no names in the rows, no `classes.json`, no
 * README, no mean sides, and a lock that does not vouch for itself and names no kernel. Images stay as they are.
 */
export function makeOlder(folder: string): void {
  const at = (file: string): string => join(folder, file);
  const rows = readRows<object>(at('metadata.jsonl'));
  const lines = rows.map((row) => `${JSON.stringify(without(row, 'label_names'))}\n`);
  writeFileSync(at('metadata.jsonl'), lines.join(''));
  const summary = without(readJson<object>(at('dataset.json')), 'meanSide');
  writeFileSync(at('dataset.json'), `${JSON.stringify(summary, null, 2)}\n`);
  for (const file of ['classes.json', 'README.md']) rmSync(at(file));

  const lock = readJson<DatasetLock>(at('patchml.lock.json'));
  const files = {
    ...without(lock.files, 'classes.json', 'README.md'),
    'metadata.jsonl': sha256Of(at('metadata.jsonl')),
    'dataset.json': sha256Of(at('dataset.json')),
  };
  const dataset = datasetDigest(Object.entries(files));
  const versions = without(lock.versions, 'kernel');
  const older = { ...without(lock, 'lock'), versions, dataset, files };
  writeFileSync(at('patchml.lock.json'), `${JSON.stringify(older, null, 2)}\n`);
}

function without<Value extends object>(value: Value, ...names: string[]): Partial<Value> {
  const kept = Object.entries(value).filter(([name]) => !names.includes(name));
  return Object.fromEntries(kept) as Partial<Value>;
}
