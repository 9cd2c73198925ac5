import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import {
  countSide,
  emptySideHistogram,
  inspect,
  readDrops,
  writeContactSheet,
} from '../../src/generate/inspect.js';
import { codecVersions } from '../../src/image/codecs.js';
import { encode } from '../../src/image/encode.js';
import { parseRecipe, recipeDigest } from '../../src/recipe/load.js';
import { annotationXml } from '../support/unit-annotations.js';
import { collect } from '../support/unit-errors.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { flatImage } from '../support/unit-images.js';
import { patchRow, writePool } from '../support/unit-pools.js';
import { recipeWith } from '../support/unit-recipes.js';

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

const digest = '0'.repeat(64);

/** A dataset of red images of one patch and blue ones of two, as many of each as asked for. */
async function datasetOf(counts: Record<1 | 2, number>): Promise<string> {
  const files: Record<string, string | Buffer> = {
    'dataset.json': JSON.stringify({
      format: 'patchml-dataset',
      name: 'test',
      version: '1.0.0',
      recipe: recipeWith(),
      images: counts[1] + counts[2],
      counts,
      source: { annotations: 1, malformed: 0, objects: 2, patches: 2, drops: {} },
      classes: {},
    }),
    'patchml.lock.json': JSON.stringify({
      format: 'patchml-lock',
      dataset: digest,
      recipe: digest,
      pool: digest,
      plan: digest,
      versions: { node: '20', patchml: '0', ...(await codecVersions()) },
      files: {},
    }),
  };
  const rows: unknown[] = [];
  for (const [k, colour] of [
    [1, [200, 0, 0]],
    [2, [0, 0, 200]],
  ] as const) {
    for (let index = 0; index < counts[k]; index += 1) {
      const id = `k${k}-${index}`;
      const list = Array.from({ length: k }, (_, i) => i);
      files[`images/${id}.png`] = await encode(flatImage(50, 50, colour), 'png', 95);
      rows.push({
        file_name: `images/${id}.png`,
        id,
        k,
        labels: list,
        wnids: list.map(() => 'n01440764'),
        objects: {
          bbox: list.map(() => [0, 0, 9, 9]),
          category: list,
          patch: list.map((i) => `a#${i}`),
          source: list.map(() => 'a'),
        },
        sha256: digest,
        pixels_sha256: digest,
      });
    }
  }
  files['metadata.jsonl'] = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  return writeTree(files);
}

async function colourAt(path: string, x: number, y: number): Promise<number[]> {
  const area = { left: x, top: y, width: 1, height: 1 };
  return [...(await sharp(path).extract(area).removeAlpha().raw().toBuffer())];
}

describe('writeContactSheet', () => {
  it('shows the first images of each number of patches, with room for their labels', async () => {
    const path = join(temporaryFolder(), 'sheet.png');
    const dataset = await datasetOf({ 1: 9, 2: 3 });
    await writeContactSheet({ dataset, out: path }, { columns: 3, perCount: 3, side: 40 });
    // 6 tiles in 2 rows; a tile: 40 + 12 wide, 40 + 12 + 3 lines (id and two labels) of 18 high
    expect(await sharp(path).metadata()).toMatchObject({
      width: 12 + 3 * 52,
      height: 12 + 2 * 106,
    });
    expect(await colourAt(path, 12 + 2 * 52 + 20, 12 + 20)).toEqual([200, 0, 0]);
    expect(await colourAt(path, 12 + 20, 12 + 106 + 20)).toEqual([0, 0, 200]);
  });

  it('says where it cannot be written', async () => {
    const out = join(temporaryFolder(), 'none', 'sheet.png');
    const dataset = await datasetOf({ 1: 1, 2: 0 });
    await expect(writeContactSheet({ dataset, out })).rejects.toMatchObject({
      name: 'OutputError',
      code: 'enoent',
    });
    expect(existsSync(out)).toBe(false);
  });

  it('says that a folder is no dataset', async () => {
    const dataset = temporaryFolder();
    const sheet = writeContactSheet({ dataset, out: join(dataset, 'sheet.png') });
    await expect(sheet).rejects.toMatchObject({ name: 'DatasetError', code: 'stage-missing' });
  });

  it('names an image that is missing, and one that is cut off', async () => {
    const dataset = await datasetOf({ 1: 2, 2: 0 });
    const out = join(temporaryFolder(), 'sheet.png');
    const image = join(dataset, 'images', 'k1-1.png');
    truncateSync(image, 40);
    await expect(writeContactSheet({ dataset, out })).rejects.toMatchObject({
      name: 'ImageError',
      code: 'image-corrupt',
      path: image,
    });
    rmSync(image);
    await expect(writeContactSheet({ dataset, out })).rejects.toMatchObject({
      name: 'OutputError',
      code: 'enoent',
      path: image,
    });
    expect(existsSync(out)).toBe(false);
  });

  it('shows an image as it is now, not as an earlier sheet of the process showed it', async () => {
    const dataset = await datasetOf({ 1: 1, 2: 0 });
    const out = join(temporaryFolder(), 'sheet.png');
    await writeContactSheet({ dataset, out }, { side: 40 });
    expect(await colourAt(out, 12 + 20, 12 + 20)).toEqual([200, 0, 0]);
    const image = join(dataset, 'images', 'k1-0.png');
    writeFileSync(image, await encode(flatImage(50, 50, [0, 200, 0]), 'png', 95));
    await writeContactSheet({ dataset, out }, { side: 40 });
    const sheet = sharp(readFileSync(out)).extract({ left: 32, top: 32, width: 1, height: 1 });
    expect([...(await sheet.removeAlpha().raw().toBuffer())]).toEqual([0, 200, 0]);
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
