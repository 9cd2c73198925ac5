import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { writeContactSheet } from '../../src/generate/inspect.js';
import { codecVersions } from '../../src/image/codecs.js';
import { encode } from '../../src/image/encode.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { flatImage } from '../support/unit-images.js';
import { recipeWith } from '../support/unit-recipes.js';

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
