import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { generate, releaseDataset, verify } from '../../src/index.js';
import type { InputFolders } from '../support/input.js';
import { madeRecipe } from '../support/made-recipe.js';
import { copyOf, smallInput } from '../support/unit-releases.js';
import { openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
const work = newFolder('work');
let input: InputFolders;
let dataset: string;
let full: string;
let recipeOnly: string;

beforeAll(async () => {
  input = await smallInput(newFolder('input'));
  const recipe = madeRecipe({ sampling: { counts: { 2: 4, 3: 4 } } });
  const out = join(newFolder('dataset'), 'out');
  ({ dataset } = await generate({ recipe, ...input, out, work }, { jobs: 2 }));
  const release = { dataset, version: '1.0.0' };
  ({ folder: full } = await releaseDataset({ ...release, to: newFolder('to') }));
  const recipeRelease = { ...release, to: newFolder('to'), recipeOnly: true };
  ({ folder: recipeOnly } = await releaseDataset(recipeRelease));
});

describe('verify', () => {
  test('finds out whether a folder is a dataset or a release', async () => {
    const ofDataset = await verify({ folder: dataset });
    expect(ofDataset).toMatchObject({ isWhole: true, images: 8, files: 12, findings: [] });
    expect(ofDataset.release).toBeUndefined();
    const ofRelease = await verify({ folder: full });
    expect(ofRelease).toMatchObject({ isWhole: true, images: 8, files: 19, findings: [] });
    expect(ofRelease.release).toMatchObject({ name: 'made', version: '1.0.0' });
    expect(ofRelease.regeneration).toBeUndefined();
  });

  test('makes a sample of the images of any of them again', async () => {
    for (const folder of [dataset, full, recipeOnly]) {
      const { isWhole, regeneration } = await verify({ folder, regenerate: { work, sample: 3 } });
      expect({ isWhole, regeneration }).toEqual({
        isWhole: true,
        regeneration: { images: 3, differing: [] },
      });
    }
  });

  test('says what is wrong, and then not that it is whole', async () => {
    const damaged = copyOf(dataset, newFolder('damaged'));
    writeFileSync(join(damaged, 'images', 'k2-000000.png'), 'x');
    expect(await verify({ folder: damaged })).toMatchObject({
      isWhole: false,
      findings: [{ problem: 'changed', file: 'images/k2-000000.png' }],
    });
  });

  test('refuses what is neither, and a release without its release.json', async () => {
    const folder = newFolder('neither');
    await expect(verify({ folder })).rejects.toMatchObject({ code: 'stage-missing' });
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(verify({ folder: file })).rejects.toMatchObject({ code: 'enotdir' });
    const bare = copyOf(full, newFolder('bare'));
    rmSync(join(bare, 'release.json'));
    await expect(verify({ folder: bare })).rejects.toMatchObject({ code: 'release-incomplete' });
    const nowhere = { folder: dataset, regenerate: { work: newFolder('empty') } };
    await expect(verify(nowhere)).rejects.toMatchObject({ code: 'pool-missing' });
  });
});
