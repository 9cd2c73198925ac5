import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { sha256 } from '../../src/files/digest.js';
import { readJsonLines } from '../../src/files/json.js';
import { buildIndex, type IndexInput } from '../../src/generate/build-index.js';
import type { IndexedImage } from '../../src/generate/sort-objects.js';
import { estimatePoolBytes, extractPool, findPool } from '../../src/generate/extract-pool.js';
import { PoolReader } from '../../src/generate/pool-reader.js';
import { type PatchRow, readPatchRows, readPoolSummary } from '../../src/generate/pool.js';
import { encode } from '../../src/image/encode.js';
import { cutOut } from '../../src/image/pixels.js';
import type { AnnotatedBox } from '../../src/imagenet/annotation.js';
import type { Drop } from '../../src/imagenet/drops.js';
import type { Progress } from '../../src/progress.js';
import type { RecipeOverrides } from '../../src/recipe/load.js';
import { annotationXml } from '../support/unit-annotations.js';
import { collect } from '../support/unit-errors.js';
import { writeTree } from '../support/unit-folder.js';
import { noiseImage } from '../support/unit-images.js';
import { recipeWith } from '../support/unit-recipes.js';

const picture = noiseImage(300, 200);

/**
 * Three lossless images named .JPEG, the last cut off, and 40 more for several batches: image a has
 * a small patch, a large one, a small box and a box outside; b one patch; c one object that is lost.
 */
async function inputOf(more = 0): Promise<IndexInput> {
  const png = await encode(picture, 'png', 95);
  const size = [300, 200] as const;
  const xml = annotationXml([['n01440764', 10, 20, 59, 89]], size);
  const files: Record<string, string | Buffer> = {
    'annotations/a.xml': annotationXml(
      [
        ['n01440764', 10, 20, 59, 89],
        ['n01443537', 0, 0, 299, 199],
        ['n01484850', 5, 5, 9, 9],
        ['n01484850', 400, 5, 500, 90],
      ],
      size,
    ),
    'annotations/b.xml': xml,
    'annotations/c.xml': xml,
    'annotations/d.xml': annotationXml([['Scottish_deerhound', 1, 2, 90, 90]]),
    'images/a.JPEG': png,
    'images/b.JPEG': png,
    'images/c.JPEG': png.subarray(0, 30),
    'images/d.JPEG': png,
  };
  for (let i = 0; i < more; i += 1) {
    files[`annotations/m${i}.xml`] = xml;
    files[`images/m${i}.JPEG`] = png;
  }
  const folder = writeTree(files);
  return {
    recipe: recipeWith(),
    annotations: join(folder, 'annotations'),
    images: join(folder, 'images'),
    work: join(folder, 'work'),
  };
}

async function extract(
  input: IndexInput,
  fields: RecipeOverrides = {},
  options: Parameters<typeof extractPool>[1] = {},
): Promise<string> {
  const recipe = recipeWith(fields);
  const { folder: index } = await buildIndex({ ...input, recipe });
  const { folder } = await extractPool(
    { recipe, index, work: input.work },
    { jobs: 2, ...options },
  );
  return folder;
}

function pixelsOf(pool: string, row: PatchRow): Buffer {
  const reader = new PoolReader(pool);
  const { data } = reader.read(row);
  reader.close();
  return data;
}

describe('extractPool', () => {
  it('stores a patch at its own size, with the very pixels of its image', async () => {
    const pool = await extract(await inputOf());
    const [row] = await readPatchRows(pool);
    const { data } = cutOut(picture, [10, 20, 60, 90]);
    expect(row).toEqual({
      id: 'a#0',
      wnid: 'n01440764',
      class: 0,
      source: 'a',
      box: [10, 20, 60, 90],
      width: 50,
      height: 70,
      sha256: sha256(data),
      offset: 0,
    });
    expect(pixelsOf(pool, row!).equals(data)).toBe(true);
  });

  it('cuts the same pixels whether the image is decoded for one object or for several', async () => {
    const rows = await readPatchRows(await extract(await inputOf()));
    expect(rows.map(({ id }) => id)).toEqual(['a#0', 'a#1', 'b#0']);
    expect(rows[2]!.sha256).toBe(rows[0]!.sha256);
  });

  it('scales a patch down that is larger than what is stored, with its aspect kept', async () => {
    const pool = await extract(await inputOf());
    const row = (await readPatchRows(pool))[1]!;
    // 300 x 200 to 196 x 130.7
    expect(row).toMatchObject({ id: 'a#1', box: [0, 0, 300, 200], width: 196, height: 131 });
    expect(row.sha256).toBe(sha256(pixelsOf(pool, row)));
    const raw = { width: 196, height: 131, channels: 3 } as const;
    const { channels } = await sharp(pixelsOf(pool, row), { raw }).stats();
    expect(Math.abs(channels[0]!.mean - 127.5)).toBeLessThan(3);
  });

  it('cuts the margin with the patch, up to the edge of the image', async () => {
    const pool = await extract(await inputOf(), { patch: { margin: 0.5 } });
    const [row] = await readPatchRows(pool);
    // 25 on the left, of which 10 are there, and on the right; 35 above, of which 20 are there, and below
    expect(row).toMatchObject({ box: [0, 0, 85, 125], width: 85, height: 125 });
    expect(pixelsOf(pool, row!).equals(cutOut(picture, [0, 0, 85, 125]).data)).toBe(true);
  });

  it('counts every object: objects = patches + drops, each drop with its reason', async () => {
    const pool = await extract(await inputOf());
    const summary = await readPoolSummary(pool);
    expect(summary).toMatchObject({
      source: { annotations: 4, malformed: 0, objects: 7 },
      patches: 3,
      bytes: statSync(join(pool, 'patches.bin')).size,
      drops: { 'unknown-synset': 1, 'image-corrupt': 1, 'degenerate-box': 1, 'too-small': 1 },
    });
    const drops = (await collect(readJsonLines(join(pool, 'drops.jsonl')))) as Drop[];
    expect(drops).toEqual([
      { image: 'd', object: 0, reason: 'unknown-synset' },
      { image: 'a', object: 2, reason: 'too-small' },
      { image: 'a', object: 3, reason: 'degenerate-box' },
      {
        image: 'c',
        object: 0,
        reason: 'image-corrupt',
        detail: expect.stringMatching(/\w/) as unknown,
      },
    ]);
  });

  it('drops a box whose numbers are none, or without end, as degenerate', async () => {
    const input = await inputOf();
    const boxes = [
      ['n01440764', 'many', 0, 90, 90],
      ['n01440764', 0, 0, '1e999', 90],
      ['n01440764', '', 0, 90, 90],
    ] as const;
    writeFileSync(join(input.annotations, 'b.xml'), annotationXml(boxes, [300, 200]));
    const pool = await extract(input);
    expect((await readPoolSummary(pool)).drops).toMatchObject({ 'degenerate-box': 1 + 3 });
  });

  it('makes the same pool with 1, 2 and 8 jobs', async () => {
    const input = await inputOf(40);
    const digests = new Set<string>();
    for (const jobs of [1, 2, 8]) {
      const pool = await extract(input, {}, { jobs });
      const files = ['patches.bin', 'patches.jsonl', 'drops.jsonl', 'pool.json'];
      digests.add(sha256(Buffer.concat(files.map((file) => readFileSync(join(pool, file))))));
      expect(readdirSync(pool).sort()).toEqual([...files].sort());
      rmSync(pool, { recursive: true });
    }
    expect(digests.size).toBe(1);
  });

  it('goes on after a stop and ends in the same pool', async () => {
    const [whole, stopped] = [await inputOf(40), await inputOf(40)];
    const controller = new AbortController();
    const onProgress = ({ done }: Progress): void => {
      if (done > 0) controller.abort();
    };
    const run = extract(stopped, {}, { signal: controller.signal, onProgress, jobs: 1 });
    await expect(run).rejects.toMatchObject({ name: 'AbortedError' });
    const steps: number[] = [];
    const pool = await extract(stopped, {}, { onProgress: ({ done }) => void steps.push(done) });
    expect(steps[0]).toBeGreaterThan(0);
    expect(steps.at(-1)).toBe(43);
    const expected = await extract(whole);
    for (const file of ['patches.bin', 'patches.jsonl', 'drops.jsonl']) {
      expect(readFileSync(join(pool, file)).equals(readFileSync(join(expected, file)))).toBe(true);
    }
  });

  it('uses a pool again where only the seed, the counts or the layout are others', async () => {
    const input = await inputOf();
    const pool = await extract(input);
    const { mtimeMs } = statSync(join(pool, 'patches.bin'));
    const other: RecipeOverrides = {
      seed: 7,
      sampling: { counts: { 2: 1 } },
      layout: { type: 'scatter' },
      patch: { fit: 'cover' },
    };
    expect(await extract(input, other)).toBe(pool);
    expect(statSync(join(pool, 'patches.bin')).mtimeMs).toBe(mtimeMs);
  });

  it.each<RecipeOverrides>([
    { patch: { minSide: 60 } },
    { patch: { margin: 0.1 } },
    { patch: { storeSide: 100 } },
    { patch: { kernel: 'bilinear' } },
    { canvas: { size: 256 } },
    { source: { block: { images: ['b'] } } },
  ])('makes another pool with %j', async (fields) => {
    const input = await inputOf();
    const pool = await extract(input);
    expect(await extract(input, fields)).not.toBe(pool);
  });

  it('makes another pool when an image is another', async () => {
    const input = await inputOf();
    const pool = await extract(input);
    const png = await encode(noiseImage(300, 200, 'other'), 'png', 95);
    writeFileSync(join(input.images, 'b.JPEG'), png);
    const other = await extract(input);
    expect(other).not.toBe(pool);
    expect((await readPatchRows(other))[2]!.sha256).not.toBe(
      (await readPatchRows(pool))[2]!.sha256,
    );
  });

  it('counts what this index dropped, when another gave the same patches', async () => {
    const input = await inputOf();
    await extract(input);
    rmSync(join(input.annotations, 'd.xml'));
    const summary = await readPoolSummary(await extract(input));
    expect(summary.source).toEqual({ annotations: 3, malformed: 0, objects: 6 });
    expect(summary.drops).toEqual({ 'image-corrupt': 1, 'degenerate-box': 1, 'too-small': 1 });
  });

  it('where strict, ends at an image that cannot be decoded, extracted now or before', async () => {
    const input = await inputOf();
    const refused = { name: 'ImageError', code: 'image-corrupt', place: 'c' };
    await expect(extract(input, {}, { strict: true })).rejects.toMatchObject(refused);
    const recipe = recipeWith();
    const { folder: index } = await buildIndex({ ...input, recipe });
    expect(existsSync(await findPool({ recipe, index, work: input.work }))).toBe(false);
    await extract(input);
    await expect(extract(input, {}, { strict: true })).rejects.toMatchObject(refused);
  });

  it('extracts no other images than those that were indexed', async () => {
    const input = await inputOf();
    const { recipe, images, work } = input;
    const { folder: index } = await buildIndex(input);
    writeFileSync(join(images, 'b.JPEG'), 'another');
    const refused = { code: 'images-of-another-index', path: images };
    await expect(extractPool({ recipe, index, work })).rejects.toMatchObject(refused);
    const { images: other } = await inputOf();
    await expect(extractPool({ recipe, index, images: other, work })).rejects.toMatchObject({
      ...refused,
      path: other,
    });
  });

  it('says what to run first where there is no index', async () => {
    const work = writeTree({});
    const made = extractPool({ recipe: recipeWith(), index: work, work });
    await expect(made).rejects.toMatchObject({ name: 'DatasetError', code: 'stage-missing' });
  });
});

async function* imagesWith(...boxes: AnnotatedBox[]): AsyncGenerator<IndexedImage> {
  const place = { file: 'a.JPEG', size: 9 };
  const objects = boxes.map((box, object) => ({ object, wnid: 'n01440764', class: 0, box }));
  yield await Promise.resolve({ image: 'a', place, size: null, objects });
}

describe('estimatePoolBytes', () => {
  it('adds three bytes a pixel up', async () => {
    // 10 x 20 and 30 x 40
    expect(await estimatePoolBytes(imagesWith([0, 0, 9, 19], [0, 0, 29, 39]), 196)).toBe(
      3 * (200 + 1200),
    );
  });

  it('takes a patch larger than what is stored as scaled down', async () => {
    // 400 x 200 to 196 x 98
    expect(await estimatePoolBytes(imagesWith([0, 0, 399, 199]), 196)).toBe(3 * 196 * 98);
  });

  it.each<AnnotatedBox>([
    [9, 9, 0, 0],
    [-1e308, -1e308, 1e308, 1e308],
    [0, 0, 1e300, 1],
  ])('is a number for the box %d %d %d %d', async (...box) => {
    const bytes = await estimatePoolBytes(imagesWith(box), 196);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(3 * 196 * 196);
  });
});
