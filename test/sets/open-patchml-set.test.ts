import { cpSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { DatasetLock } from '../../src/dataset/dataset.js';
import type { MetadataRow } from '../../src/dataset/row.js';
import { generate } from '../../src/generate/generate.js';
import { openEvaluationSet } from '../../src/sets/open-set.js';
import { makeImages, writeFolders } from '../support/input.js';
import { madeRecipe } from '../support/made-recipe.js';
import { writeLabels } from '../support/unit-evaluation.js';
import { openWorkspace, readJson, readRows } from '../support/workspace.js';

const newFolder = openWorkspace();
let clean: string;

beforeAll(async () => {
  const folder = newFolder('clean');
  const input = writeFolders(newFolder('input'), await makeImages({ images: 16 }));
  clean = join(folder, 'out');
  await generate({ recipe: madeRecipe(), ...input, out: clean, work: join(folder, 'work') });
});

/** A copy of the dataset to damage. */
function copy(): string {
  const folder = newFolder('copy');
  cpSync(clean, folder, { recursive: true });
  return folder;
}

describe('A PatchML dataset', () => {
  it('is a set with the labels of its metadata and no original labels', async () => {
    const rows = readRows<MetadataRow>(join(clean, 'metadata.jsonl'));
    const { version } = readJson<{ version: string }>(join(clean, 'dataset.json'));
    const set = await openEvaluationSet({ dataset: clean });
    expect(set).toMatchObject({
      name: `made ${version}`,
      kind: 'patchml',
      ids: rows.map(({ id }) => id),
      labels: rows.map(({ labels }) => labels),
      originals: undefined,
      rule: 'patchml',
      leftOut: {},
    });
    expect(set.ids).toHaveLength(24);
    expect(new Set(set.labels.map(({ length }) => length))).toEqual(new Set([2, 3]));
    expect(set.images).toEqual({
      path: clean,
      fingerprint: readJson<DatasetLock>(join(clean, 'patchml.lock.json')).dataset,
      places: rows.map(({ file_name: file }) => ({ file, size: statSync(join(clean, file)).size })),
    });
  });

  it('follows links that lead out of it, as those of a Hugging Face cache do', async () => {
    const dataset = copy();
    const [first] = readRows<MetadataRow>(join(dataset, 'metadata.jsonl'));
    const file = join(dataset, first!.file_name);
    rmSync(file);
    symlinkSync(join(clean, first!.file_name), file);
    expect((await openEvaluationSet({ dataset })).images?.places[0]?.size).toBeGreaterThan(0);
  });

  it('takes no other labels', async () => {
    const labels = writeLabels({ a: 1 });
    await expect(openEvaluationSet({ dataset: clean, labels })).rejects.toMatchObject({
      code: 'evaluation-contradiction',
      message: expect.stringContaining('--labels') as unknown,
    });
  });

  it('says which image is not there', async () => {
    const dataset = copy();
    const [, second] = readRows<MetadataRow>(join(dataset, 'metadata.jsonl'));
    rmSync(join(dataset, second!.file_name));
    await expect(openEvaluationSet({ dataset })).rejects.toMatchObject({
      name: 'EvaluationError',
      code: 'evaluation-dataset-damaged',
      path: dataset,
      message: expect.stringContaining(`${second!.file_name} is missing`) as unknown,
      fix: expect.stringContaining('patchml verify') as unknown,
    });
  });

  it('says that rows are missing', async () => {
    const dataset = copy();
    const path = join(dataset, 'metadata.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').split('\n').slice(0, 20).join('\n'));
    await expect(openEvaluationSet({ dataset })).rejects.toMatchObject({
      code: 'evaluation-dataset-damaged',
      message: expect.stringContaining('expected 24 rows of metadata, got 20') as unknown,
    });
  });

  it.each(['patchml.lock.json', 'dataset.json'])('without its %s is no dataset', async (file) => {
    const dataset = copy();
    rmSync(join(dataset, file));
    await expect(openEvaluationSet({ dataset })).rejects.toMatchObject({
      name: 'DatasetError',
      code: 'stage-missing',
      path: dataset,
    });
  });
});
