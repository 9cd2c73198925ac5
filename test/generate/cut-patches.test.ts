import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { IndexedImage } from '../../src/generate/sort-objects.js';
import {
  extractBatch,
  type ExtractedBatch,
  type ExtractSettings,
  selectPatches,
} from '../../src/generate/cut-patches.js';
import { encode } from '../../src/image/encode.js';
import { MemoryBudget } from '../../src/image/memory-budget.js';
import type { AnnotatedBox } from '../../src/imagenet/annotation.js';
import { ImageReader } from '../../src/imagenet/image-reader.js';
import { writeTree } from '../support/unit-folder.js';
import { noiseImage } from '../support/unit-images.js';
import { wnidOf } from '../support/unit-pools.js';
import { recipeWith } from '../support/unit-recipes.js';

const IMAGE = [500, 400] as const;

/** An image with one object for each box, of class 0 unless told. */
function imageOf(
  boxes: readonly AnnotatedBox[],
  {
    size = IMAGE,
    classes = [] as number[],
  }: { size?: IndexedImage['size']; classes?: number[] } = {},
): IndexedImage {
  return {
    image: 'a',
    place: { file: 'a.JPEG', size: 9 },
    size,
    objects: boxes.map((box, object) => {
      const index = classes[object] ?? 0;
      return { object, wnid: wnidOf(index), class: index, box };
    }),
  };
}

const defaults = recipeWith().patch;

function reasonFor(box: AnnotatedBox, patch = defaults): string | undefined {
  return selectPatches(imageOf([box]), IMAGE, patch).drops[0]?.reason;
}

describe('selectPatches', () => {
  it('gives each object its own box and what is cut out, in pixels of the image', () => {
    const patch = { ...defaults, margin: 0.1 };
    const { selected, drops } = selectPatches(imageOf([[100, 100, 199, 149]]), IMAGE, patch);
    expect(drops).toEqual([]);
    expect(selected).toEqual([
      {
        object: 0,
        wnid: wnidOf(0),
        class: 0,
        box: [100, 100, 200, 150],
        cut: [90, 95, 210, 155], // 10% of 100 and of 50
      },
    ]);
  });

  it('goes by the size of the image, not by the one the annotation says', () => {
    // 60 px of 1,000 are 30 of 500
    const indexed = imageOf([[0, 0, 59, 59]], { size: [1000, 800] });
    expect(selectPatches(indexed, IMAGE, defaults).drops[0]!.reason).toBe('too-small');
    expect(selectPatches(indexed, [1000, 800], defaults).drops).toEqual([]);
  });

  const box: AnnotatedBox = [0, 0, 99, 99];

  it.each<[string, annotated: [number, number], image: [number, number]]>([
    ['exchanges width and height', [400, 500], [500, 400]],
    ['exchanges them at another scale', [200, 250], [500, 400]],
    ['exchanges them in an image that is nearly square', [499, 500], [500, 499]],
    ['has another aspect', [500, 333], [500, 375]],
  ])('drops all objects of an image whose annotation %s', (_, size, image) => {
    const { selected, drops } = selectPatches(imageOf([box, box], { size }), image, defaults);
    expect(selected).toEqual([]);
    const detail = `annotated as ${size.join(' x ')} px, but the image has ${image.join(' x ')}`;
    expect(drops).toEqual(
      [0, 1].map((object) => ({ image: 'a', object, reason: 'size-mismatch', detail })),
    );
  });

  it.each<[string, annotated: [number, number] | null, image: [number, number]]>([
    ['says no size', null, [500, 400]],
    ['says a size of nothing', [0, 0], [500, 400]],
    ['says a side of nothing', [0, 400], [500, 400]],
    ['says a size that is no number', [NaN, 400], [500, 400]],
    ['is of a square image', [500, 500], [500, 500]],
    ['has the same size at half the scale, rounded', [250, 187], [500, 375]],
    ['has the same size at a tenth, rounded up', [50, 38], [500, 375]],
    ['is a pixel off', [500, 374], [500, 375]],
  ])('keeps those of an image whose annotation %s', (_, size, image) => {
    const indexed = imageOf([[0, 0, 45, 35]], { size });
    const kept = selectPatches(indexed, image, { ...defaults, minSide: 8 });
    expect(kept.selected).toHaveLength(1);
  });

  it.each<[string, AnnotatedBox, expected: string | undefined]>([
    ['reversed', [50, 50, 40, 90], 'degenerate-box'],
    ['outside', [600, 50, 700, 90], 'degenerate-box'],
    ['not of numbers', [NaN, 0, 90, 90], 'degenerate-box'],
    ['31 px wide', [0, 0, 30, 99], 'too-small'],
    ['31 px high', [0, 0, 99, 30], 'too-small'],
    ['32 px wide', [0, 0, 31, 99], undefined],
    ['31 px wide inside the image', [-50, 0, 30, 99], 'too-small'],
    ['more than 4 times as wide as high', [0, 0, 160, 39], 'too-elongated'], // 161 / 40
    ['more than 4 times as high as wide', [0, 0, 39, 160], 'too-elongated'],
    ['4 times as wide as high', [0, 0, 159, 39], undefined],
  ])('drops, or not, a box that is %s', (_, box, reason) => {
    expect(reasonFor(box)).toBe(reason);
  });

  it('gives the first reason that holds: degenerate, then small, then elongated', () => {
    expect(reasonFor([0, 0, 400, 3])).toBe('too-small'); // elongated as well
    expect(reasonFor([600, 0, 900, 3])).toBe('degenerate-box'); // small and elongated as well
    const twins = imageOf([
      [0, 0, 99, 99],
      [0, 0, 99, 15],
    ]);
    const { drops } = selectPatches(twins, IMAGE, { ...defaults, dedupeIou: 0.1 });
    expect(drops.map(({ reason }) => reason)).toEqual(['too-small']); // a duplicate as well
  });

  it('keeps of two boxes of one class that are nearly one the first', () => {
    const twins: AnnotatedBox[] = [
      [0, 0, 99, 99],
      [0, 0, 99, 94], // 0.95 of the first
    ];
    const { selected, drops } = selectPatches(imageOf(twins), IMAGE, defaults);
    expect(selected.map(({ object }) => object)).toEqual([0]);
    expect(drops).toEqual([{ image: 'a', object: 1, reason: 'duplicate-box' }]);
  });

  it('keeps both where they overlap exactly as much as is allowed, or differ in class', () => {
    const atLimit = imageOf([
      [0, 0, 99, 99],
      [0, 0, 99, 89], // 0.9 of the first
    ]);
    expect(selectPatches(atLimit, IMAGE, defaults).drops).toEqual([]);
    const same: AnnotatedBox = [0, 0, 99, 99];
    const classes = [0, 1];
    expect(selectPatches(imageOf([same, same], { classes }), IMAGE, defaults).drops).toEqual([]);
  });

  it('compares with the boxes that were kept, not with those that were dropped', () => {
    const chain: AnnotatedBox[] = [
      [0, 0, 99, 99],
      [0, 0, 99, 93], // 0.94 of the first: dropped
      [0, 0, 99, 87], // 0.88 of the first, 0.94 of the second
    ];
    const { selected } = selectPatches(imageOf(chain), IMAGE, defaults);
    expect(selected.map(({ object }) => object)).toEqual([0, 2]);
  });

  it('compares the objects, not the margins around them', () => {
    const apart: AnnotatedBox[] = [
      [0, 0, 199, 199],
      [0, 0, 199, 170],
    ];
    const patch = { ...defaults, margin: 1 };
    const indexed = imageOf(apart, { size: [200, 200] });
    expect(selectPatches(indexed, [200, 200], patch).selected).toHaveLength(2);
  });

  it('accounts for every object: selected + dropped, each once, in order', () => {
    const number = fc.oneof(fc.integer({ min: -50, max: 550 }), fc.double());
    const box = fc.tuple(number, number, number, number);
    const object = fc.tuple(box, fc.nat(2));
    fc.assert(
      fc.property(fc.array(object), fc.double({ min: 0, max: 1, noNaN: true }), (objects, iou) => {
        const classes = objects.map(([, index]) => index);
        const indexed = imageOf(
          objects.map(([annotated]) => annotated),
          { classes },
        );
        const patch = { ...defaults, dedupeIou: iou, margin: iou };
        const { selected, drops } = selectPatches(indexed, IMAGE, patch);
        const numbers = [...selected, ...drops].map((given) => given.object);
        expect(numbers.sort((a, b) => a - b)).toEqual(objects.map((_, index) => index));
        for (const { box: kept, cut } of selected) {
          const [width, height] = [kept[2] - kept[0], kept[3] - kept[1]];
          expect(Math.min(width, height)).toBeGreaterThanOrEqual(32);
          expect(Math.max(width, height)).toBeLessThanOrEqual(4 * Math.min(width, height));
          expect(cut[0] >= 0 && cut[1] >= 0 && cut[2] <= 500 && cut[3] <= 400).toBe(true);
        }
      }),
    );
  });
});

describe('extractBatch', () => {
  /** Twelve JPEGs, each third of them cut off, with a large object, a small one and one too small. */
  async function openBatch(): Promise<{ images: IndexedImage[]; settings: ExtractSettings }> {
    const files: Record<string, Buffer> = {};
    const images: IndexedImage[] = [];
    for (let n = 0; n < 12; n += 1) {
      const bytes = await encode(noiseImage(300, 200 + n), 'jpeg', 90);
      const file = `${n}.JPEG`;
      files[file] = n % 3 === 2 ? bytes.subarray(0, -1000) : bytes;
      const { objects } = imageOf([
        [0, 0, 299, 199],
        [10, 20, 70, 80],
        [5, 5, 9, 9],
      ]);
      const place = { file, size: files[file].length };
      images.push({ image: file, place, size: null, objects });
    }
    const reader = new ImageReader(writeTree(files));
    const settings = { reader, budget: new MemoryBudget(), patch: defaults, storeSide: 100 };
    return { images, settings };
  }

  function joined(batches: readonly ExtractedBatch[]): object {
    return {
      rows: batches.flatMap(({ rows }) => rows),
      pixels: Buffer.concat(batches.map(({ pixels }) => pixels)).toString('base64'),
      drops: batches.flatMap(({ drops }) => drops),
      images: batches.reduce((sum, { images }) => sum + images, 0),
    };
  }

  it('gives the same in batches of any size, whatever memory it is given to fill', async () => {
    const { images, settings } = await openBatch();
    const all = await extractBatch({ images }, settings);
    expect(all.rows.map(({ width, height }) => [width, height]).slice(0, 2)).toEqual([
      [100, 67],
      [61, 61],
    ]);
    expect(all.rows).toHaveLength(2 * 8);
    expect(all.drops).toHaveLength(8 + 3 * 4);
    for (const size of [1, 5]) {
      const batches: ExtractedBatch[] = [];
      for (let at = 0; at < images.length; at += size) {
        const spare = new SharedArrayBuffer(10_000 * (at % 4));
        new Uint8Array(spare).fill(0xaa);
        const batch = { images: images.slice(at, at + size), spare };
        batches.push(await extractBatch(batch, settings));
      }
      expect(joined(batches)).toEqual(joined([all]));
    }
  });

  it('fills the memory that it is given', async () => {
    const { images, settings } = await openBatch();
    const spare = new SharedArrayBuffer(2 ** 20);
    const { pixels } = await extractBatch({ images: images.slice(0, 1), spare }, settings);
    expect(pixels.buffer).toBe(spare);
    expect(pixels).toHaveLength(3 * (100 * 67 + 61 * 61));
  });
});
