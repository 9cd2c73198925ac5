import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { writeContactSheet } from '../../src/generate/contact-sheet.js';
import { codecVersions } from '../../src/image/codecs.js';
import { encode } from '../../src/image/encode.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { flatImage } from '../support/unit-images.js';
import { recipeWith } from '../support/unit-recipes.js';

const digest = '0'.repeat(64);

/** Images of one object and of two, each of a colour of its own: its red is 10 x its number. */
interface Made {
  counts: Record<1 | 2, number>;
  /** The objects of images of two: boxes and classes, in painting order. */
  two?: { bbox: [number, number, number, number]; category: number }[];
}

const SIDE_BY_SIDE: NonNullable<Made['two']> = [
  { bbox: [0, 20, 20, 10], category: 340 }, // zebra
  { bbox: [25, 0, 20, 45], category: 954 }, // banana
];

async function datasetOf({ counts, two = SIDE_BY_SIDE }: Made): Promise<string> {
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
  for (const k of [1, 2] as const) {
    for (let index = 0; index < counts[k]; index += 1) {
      const id = `k${k}-${index}`;
      const objects = two.slice(0, k);
      files[`images/${id}.png`] = await encode(flatImage(50, 50, colourOf(k, index)), 'png', 95);
      rows.push({
        file_name: `images/${id}.png`,
        id,
        k,
        labels: objects.map(({ category }) => category).sort((a, b) => a - b),
        wnids: objects.map(() => 'n01440764'),
        objects: {
          bbox: objects.map(({ bbox }) => bbox),
          category: objects.map(({ category }) => category),
          patch: objects.map((_, i) => `a#${i}`),
          source: objects.map(() => 'a'),
        },
        sha256: digest,
        pixels_sha256: digest,
      });
    }
  }
  files['metadata.jsonl'] = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  return writeTree(files);
}

function colourOf(k: 1 | 2, index: number): [number, number, number] {
  return [10 * index, 0, 100 * k];
}

async function colourAt(path: string, x: number, y: number): Promise<number[]> {
  const area = { left: x, top: y, width: 1, height: 1 };
  return [...(await sharp(path).extract(area).removeAlpha().raw().toBuffer())];
}

/** The height of a row whose pictures are 40 px high, with so many lines under the title. */
function rowHeight(lines: number, blocks = 1): number {
  return 40 + (6 + 20) + blocks * 6 + 20 * lines + 14;
}

/** Which images a sheet of one row shows, by their colours. */
async function shownIn(path: string, images: number): Promise<number[]> {
  const colours = Array.from({ length: images }, (_, at) => colourAt(path, 34 + at * 54, 34));
  return (await Promise.all(colours)).map(([red]) => red! / 10);
}

async function sheetOf(
  dataset: string,
  options: Parameters<typeof writeContactSheet>[1] = {},
  predicted?: ReadonlyMap<string, readonly number[]>,
): Promise<string> {
  const out = join(temporaryFolder(), 'sheet.png');
  await writeContactSheet({ dataset, out, predicted }, { side: 40, ...options });
  return out;
}

/** What is drawn before a line: a green tick or a red cross. */
async function markAt(path: string, left: number, top: number): Promise<string> {
  const area = { left, top, width: 12, height: 12 };
  const pixels = await sharp(path).extract(area).removeAlpha().raw().toBuffer();
  const sum = (channel: number): number =>
    pixels.reduce((total, value, at) => total + (at % 3 === channel ? value : 0), 0);
  const [red, green] = [sum(0), sum(1)];
  if (red === green) return 'nothing';
  return green > red ? 'tick' : 'cross';
}

describe('writeContactSheet', () => {
  it('shows the first images of each number of patches, each row as high as its labels', async () => {
    const path = await sheetOf(await datasetOf({ counts: { 1: 9, 2: 3 } }), {
      columns: 3,
      perCount: 3,
    });
    expect(await sharp(path).metadata()).toMatchObject({
      width: 14 + 3 * 54,
      height: 14 + rowHeight(1) + rowHeight(2),
    });
    expect(await colourAt(path, 14 + 2 * 54 + 20, 34)).toEqual(colourOf(1, 2));
    expect(await colourAt(path, 34, 34 + rowHeight(1))).toEqual(colourOf(2, 0));
  });

  it('names the labels as they are read on the canvas, whatever the painting order', async () => {
    const counts = { 1: 0, 2: 1 };
    const sheet = async (two: Made['two']): Promise<string> =>
      readFileSync(await sheetOf(await datasetOf({ counts, two: two! }))).toString('base64');
    const [zebra, banana] = SIDE_BY_SIDE as [(typeof SIDE_BY_SIDE)[0], (typeof SIDE_BY_SIDE)[0]];
    const expected = await sheet([zebra, banana]);
    expect(await sheet([banana, zebra])).toBe(expected);
    // the other is on the left, or above
    const swapped = [
      { ...zebra, bbox: banana.bbox },
      { ...banana, bbox: zebra.bbox },
    ];
    expect(await sheet(swapped)).not.toBe(expected);
    const above: Made['two'] = [zebra, { ...banana, bbox: [0, 0, 20, 10] }];
    expect(await sheet(above)).toBe(await sheet(swapped));
  });

  it('shows the images that are named, in that order, each once', async () => {
    const dataset = await datasetOf({ counts: { 1: 5, 2: 0 } });
    const path = await sheetOf(dataset, { ids: ['k1-4', 'k1-0', 'k1-4'] });
    expect((await sharp(path).metadata()).width).toBe(14 + 2 * 54);
    expect(await shownIn(path, 2)).toEqual([4, 0]);
    await expect(sheetOf(dataset, { ids: ['k1-4', 'k9-9'] })).rejects.toMatchObject({
      name: 'DatasetError',
      code: 'contact-sheet-ids',
      message: expect.stringContaining('"k9-9"') as unknown,
    });
  });

  it('draws images at random where a seed is given, the same ones each time', async () => {
    const dataset = await datasetOf({ counts: { 1: 20, 2: 0 } });
    const drawn = async (seed: string) => shownIn(await sheetOf(dataset, { seed }), 8);
    const first = await drawn('1');
    expect(new Set(first).size).toBe(8);
    expect(first).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await drawn('1')).toEqual(first);
    expect(await drawn('2')).not.toEqual(first);
  });

  it('shows the images with the fewest or the most labels found', async () => {
    const dataset = await datasetOf({ counts: { 1: 0, 2: 4 } });
    // 1 of 2, 0, 2 (in any order), and 1: only the two highest count
    const predicted = new Map([
      ['k2-0', [340, 1]],
      ['k2-1', [1, 2]],
      ['k2-2', [954, 340]],
      ['k2-3', [3, 954, 340]],
    ]);
    const worst = await sheetOf(dataset, { order: 'worst' }, predicted);
    expect(await shownIn(worst, 4)).toEqual([1, 0, 3, 2]);
    const best = await sheetOf(dataset, { order: 'best', perCount: 2 }, predicted);
    expect(await shownIn(best, 2)).toEqual([2, 0]);
  });

  it('marks what a model ranks on top with ticks and crosses', async () => {
    const dataset = await datasetOf({ counts: { 1: 0, 2: 1 } });
    const marks = async (classes: number[]): Promise<string[]> => {
      const path = await sheetOf(dataset, {}, new Map([['k2-0', classes]]));
      expect((await sharp(path).metadata()).height).toBe(14 + rowHeight(4, 2));
      const first = 14 + 40 + 26 + 6 + 40 + 6; // below the picture, the title and two labels
      return Promise.all([first, first + 20].map((top) => markAt(path, 14, top)));
    };
    expect(await marks([340, 1])).toEqual(['tick', 'cross']);
    expect(await marks([1, 954])).toEqual(['cross', 'tick']);
  });

  it('says where it cannot be written', async () => {
    const out = join(temporaryFolder(), 'none', 'sheet.png');
    const dataset = await datasetOf({ counts: { 1: 1, 2: 0 } });
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
    const dataset = await datasetOf({ counts: { 1: 2, 2: 0 } });
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
    const dataset = await datasetOf({ counts: { 1: 1, 2: 0 } });
    const out = join(temporaryFolder(), 'sheet.png');
    await writeContactSheet({ dataset, out }, { side: 40 });
    expect(await colourAt(out, 34, 34)).toEqual(colourOf(1, 0));
    const image = join(dataset, 'images', 'k1-0.png');
    writeFileSync(image, await encode(flatImage(50, 50, [0, 200, 0]), 'png', 95));
    await writeContactSheet({ dataset, out }, { side: 40 });
    const sheet = sharp(readFileSync(out)).extract({ left: 34, top: 34, width: 1, height: 1 });
    expect([...(await sheet.removeAlpha().raw().toBuffer())]).toEqual([0, 200, 0]);
  });
});
