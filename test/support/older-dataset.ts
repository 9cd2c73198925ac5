import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatasetLock } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import { readJson, readRows, sha256Of } from './workspace.js';

/**
 * Makes a dataset into the one that patchml 0.1 wrote: no names in the rows, no `classes.json`, no
 * README, no mean sides, and a lock that does not vouch for itself and names no kernel. Images stay as they are.
 */
export function makeOlder(folder: string): void {
  const at = (file: string): string => join(folder, file);
  const rows = readRows<MetadataRow>(at('metadata.jsonl'));
  const lines = rows.map((row) => `${JSON.stringify(without(row, 'label_names'))}\n`);
  writeFileSync(at('metadata.jsonl'), lines.join(''));
  const summary = without(readJson<object>(at('dataset.json')), 'meanSide');
  writeFileSync(at('dataset.json'), `${JSON.stringify(summary, null, 2)}\n`);
  for (const file of ['classes.json', 'README.md']) rmSync(at(file));

  const lock = readJson<DatasetLock>(at('patchml.lock.json'));
  const files = {
    ...without(lock.files, 'classes.json', 'README.md'),
    ...Object.fromEntries(rows.map(({ file_name, sha256 }) => [file_name, sha256])),
    'metadata.jsonl': sha256Of(at('metadata.jsonl')),
    'dataset.json': sha256Of(at('dataset.json')),
  };
  const dataset = digestOfFiles(files);
  const versions = without(lock.versions, 'kernel');
  const older = { ...without(lock, 'lock'), versions, dataset, files };
  writeFileSync(at('patchml.lock.json'), `${JSON.stringify(older, null, 2)}\n`);
}

/** The digest of a dataset: of what `sha256sum` writes of its files. */
export function digestOfFiles(files: Readonly<Record<string, string>>): string {
  const paths = Object.keys(files).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const lines = paths.map((path) => `${files[path]}  ${path}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}

function without<Value extends object>(value: Value, ...names: string[]): Partial<Value> {
  const kept = Object.entries(value).filter(([name]) => !names.includes(name));
  return Object.fromEntries(kept) as Partial<Value>;
}
