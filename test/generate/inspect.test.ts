import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { countSide, emptySideHistogram, inspect, readDrops } from '../../src/generate/inspect.js';
import { parseRecipe, recipeDigest } from '../../src/recipe/load.js';
import { annotationXml } from '../support/unit-annotations.js';
import { collect } from '../support/unit-errors.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { patchRow, writePool } from '../support/unit-pools.js';

describe('inspect', () => {
  it('says of a recipe what it holds with its defaults, and its digest', async () => {
    const path = join(writeTree({ 'r.yaml': 'name: test\nseed: 7\n' }), 'r.yaml');
    const recipe = parseRecipe({ name: 'test', seed: 7 });
    expect(await inspect(path)).toEqual({
      path,
      kind: 'recipe',
      digest: recipeDigest(recipe),
      recipe,
    });
  });

  it('counts annotations, their objects, classes (the most first) and shorter sides', async () => {
    const path = writeTree({
      'a.xml': annotationXml([
        ['n01443537', 0, 0, 9, 99], // 10 px
        ['n01440764', 0, 0, 99, 39], // 40 px
      ]),
      'b.xml': annotationXml([
        ['n01443537', 0, 0, 299, 299],
        ['Scottish_deerhound', 0, 0, 31, 31], // 32 px
      ]),
      'c.xml': 'not XML',
    });
    expect(await inspect(path)).toEqual({
      path,
      kind: 'annotations',
      annotations: 3,
      malformed: 1,
      malformedObjects: 0,
      objects: 4,
      classes: [
        { wnid: 'n01443537', name: 'goldfish', objects: 2 },
        { wnid: 'Scottish_deerhound', name: 'not of the 1,000', objects: 1 },
        { wnid: 'n01440764', name: 'tench', objects: 1 },
      ],
      sides: { ...emptySideHistogram(), '0-31': 1, '32-63': 2, '256-511': 1 },
    });
  });

  it('counts the patches of a pool by class and by stored side', async () => {
    const rows = [0, 0, 1].map((classIndex, i) => ({
      ...patchRow(i, classIndex, `image-${i}`, [40 + 100 * i, 300]),
      wnid: ['n01440764', 'n01443537'][classIndex]!,
    }));
    const path = writePool(rows);
    expect(await inspect(path)).toMatchObject({
      path,
      kind: 'pool',
      objects: 3,
      classes: [
        { wnid: 'n01440764', name: 'tench', objects: 2 },
        { wnid: 'n01443537', name: 'goldfish', objects: 1 },
      ],
      sides: { ...emptySideHistogram(), '32-63': 1, '128-255': 2 },
    });
  });

  it('says what it takes where there is nothing of the kind', async () => {
    const file = join(writeTree({ 'a.txt': 'x' }), 'a.txt');
    for (const path of [temporaryFolder(), file]) {
      await expect(inspect(path)).rejects.toMatchObject({
        name: 'DatasetError',
        code: 'inspect-unknown',
        path,
      });
    }
  });

  it('says that nothing is at the path', async () => {
    const path = join(temporaryFolder(), 'none');
    await expect(inspect(path)).rejects.toMatchObject({ code: 'enoent', path });
  });

  it('says what is wrong with a recipe that is none', async () => {
    const path = join(writeTree({ 'r.yml': 'name: test\nsead: 7\n' }), 'r.yml');
    await expect(inspect(path)).rejects.toMatchObject({ code: 'recipe-unknown-field', path });
  });
});

describe('a histogram of sides', () => {
  it('starts without counts, smallest range first', () => {
    expect(Object.entries(emptySideHistogram())).toEqual([
      ['0-31', 0],
      ['32-63', 0],
      ['64-127', 0],
      ['128-255', 0],
      ['256-511', 0],
      ['512+', 0],
    ]);
  });

  it.each([
    [0, 500, '0-31'],
    [31, 31, '0-31'],
    [32, 500, '32-63'],
    [500, 63, '32-63'],
    [64, 64, '64-127'],
    [511, 9999, '256-511'],
    [512, 512, '512+'],
    [100_000, 100_000, '512+'],
    [-5, 10, '0-31'],
    [NaN, 10, '0-31'],
  ])('counts %d x %d by its shorter side', (width, height, range) => {
    const histogram = emptySideHistogram();
    countSide(histogram, width, height);
    expect(histogram).toEqual({ ...emptySideHistogram(), [range]: 1 });
  });
});

describe('readDrops', () => {
  it('lists malformed annotations and dropped objects in their order', async () => {
    const rows = [
      { imageId: 'a', problem: 'not UTF-8' },
      { image: 'b', object: 0, reason: 'too-small' },
    ];
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    expect(await collect(readDrops(writeTree({ 'drops.jsonl': lines })))).toEqual(rows);
  });

  it('says which folder to give where there is no list', async () => {
    const path = temporaryFolder();
    await expect(collect(readDrops(path))).rejects.toMatchObject({
      name: 'DatasetError',
      code: 'drops-missing',
      path,
      fix: expect.stringContaining('pool folder') as unknown,
    });
  });
});
