import { describe, expect, it } from '@jest/globals';
import { sha256 } from '../../src/files/digest.js';
import {
  type ComposeTask,
  openBackground,
  openComposer,
  paint,
} from '../../src/generate/compose-image.js';
import { PoolReader } from '../../src/generate/pool-reader.js';
import type { PatchRow } from '../../src/generate/pool.js';
import { threadKernel } from '../../src/image/kernel/kernel.js';
import type { RgbImage } from '../../src/image/pixels.js';
import type { Rectangle } from '../../src/recipe/geometry.js';
import type { Recipe } from '../../src/recipe/schema.js';
import { drawImageOf, flatImage, noiseImage } from '../support/unit-images.js';
import { patchRow, writePool } from '../support/unit-pools.js';
import { recipeWith } from '../support/unit-recipes.js';

const patches = [
  flatImage(6, 6, [200, 0, 0]),
  flatImage(10, 4, [0, 0, 200]),
  noiseImage(8, 8, 'patch'),
];

/** The rows of a pool of these patches, and its folder. */
function poolFolder(): { folder: string; rows: PatchRow[] } {
  let offset = 0;
  const rows = patches.map(({ width, height, data }, index) => {
    const row = {
      ...patchRow(index, index, `image-${index}`, [width, height]),
      offset,
      sha256: sha256(data),
    };
    offset += data.length;
    return row;
  });
  return {
    rows,
    folder: writePool(
      rows,
      patches.map(({ data }) => data),
    ),
  };
}

function recipeOn(background: Recipe['canvas']['background']): Recipe {
  return recipeWith({ canvas: { size: [32, 24], background }, sampling: { counts: { 1: 1 } } });
}

/** Composes images, given as the patches they hold and where. */
function compose(
  recipe: Recipe,
  images: Record<
    string,
    (readonly [patch: number, bbox: ComposeTask['row']['objects'][0]['bbox']])[]
  >,
): Record<string, Buffer> {
  const { folder, rows } = poolFolder();
  const reader = new PoolReader(folder);
  const composer = openComposer(recipe, reader);
  const tasks = Object.entries(images).map(([id, objects]): ComposeTask => ({
    row: {
      id,
      k: objects.length,
      objects: objects.map(([patch, bbox]) => ({ patch: rows[patch]!.id, bbox })),
    },
    patches: objects.map(([patch]) => rows[patch]!),
  }));
  const composed = tasks.map((task) => composer(task));
  reader.close();
  for (const image of composed) expect(image).toMatchObject({ width: 32, height: 24 });
  return Object.fromEntries(tasks.map(({ row }, index) => [row.id, composed[index]!.data]));
}

describe('openComposer', () => {
  it('paints every patch into its place on the background', () => {
    const { a } = compose(recipeOn('grey'), {
      a: [
        [0, [2, 3, 12, 12]],
        [1, [16, 4, 10, 4]],
      ],
    });
    const expected = drawImageOf(32, 24, (x, y) => {
      if (x >= 2 && x < 14 && y >= 3 && y < 15) return [200, 0, 0];
      return x >= 16 && x < 26 && y >= 4 && y < 8 ? [0, 0, 200] : [128, 128, 128];
    });
    expect(a!.equals(expected.data)).toBe(true);
  });

  it('copies a patch that is shown at its own size, pixel by pixel', () => {
    const { a } = compose(recipeOn('black'), { a: [[2, [20, 10, 8, 8]]] });
    const expected = drawImageOf(32, 24, (x, y) => {
      if (x < 20 || x >= 28 || y < 10 || y >= 18) return [0, 0, 0];
      const at = 3 * (8 * (y - 10) + x - 20);
      return [...patches[2]!.data.subarray(at, at + 3)] as [number, number, number];
    });
    expect(a!.equals(expected.data)).toBe(true);
  });

  it('paints later patches over earlier ones', () => {
    const { a } = compose(recipeOn('white'), {
      a: [
        [0, [0, 0, 6, 6]],
        [1, [0, 0, 6, 6]],
      ],
    });
    expect([...a!.subarray(0, 3)]).toEqual([0, 0, 200]);
  });

  it.each(['white', 'noise'] as const)(
    'makes an image from its own task alone, whatever is made with it: %s',
    (background) => {
      const [a, b, c] = [[[0, [0, 0, 9, 9]]], [[2, [5, 5, 11, 11]]], [[1, [3, 3, 20, 8]]]] as const;
      const together = compose(recipeOn(background), { a: [...a], b: [...b], c: [...c] });
      const otherwise = compose(recipeOn(background), { c: [...c], a: [...a], b: [...b] });
      const alone = compose(recipeOn(background), { b: [...b] });
      expect(otherwise).toEqual(together);
      expect(alone['b']!.equals(together['b']!)).toBe(true);
    },
  );

  it('composes nothing of nothing', () => {
    expect(compose(recipeOn('white'), {})).toEqual({});
  });
});

function backgroundRecipe(background: Recipe['canvas']['background'], seed = 42): Recipe {
  return recipeWith({ seed, canvas: { background, size: [40, 30] } });
}

function backgroundOf(
  id: string,
  background: Recipe['canvas']['background'],
  seed?: number,
): Buffer {
  const canvas = Buffer.alloc(3 * 40 * 30);
  openBackground(backgroundRecipe(background, seed))(id, canvas);
  return canvas;
}

describe('openBackground', () => {
  it.each([
    ['white', [255, 255, 255]],
    ['black', [0, 0, 0]],
    ['grey', [128, 128, 128]],
    ['imagenet-mean', [124, 116, 104]], // 255 · 0.485 = 123.7, · 0.456 = 116.3, · 0.406 = 103.5
    ['#102aFf', [16, 42, 255]],
    ['#000000', [0, 0, 0]],
  ])('fills the canvas with %s', (background, rgb) => {
    const canvas = backgroundOf('any', background);
    expect(canvas.equals(Buffer.alloc(3 * 40 * 30, Buffer.from(rgb)))).toBe(true);
  });

  it.each(['white', 'noise'])('fills whatever was there before: %s', (background) => {
    const fill = openBackground(backgroundRecipe(background));
    const canvas = Buffer.alloc(3 * 40 * 30, 7);
    fill('k2-000000', canvas);
    expect(canvas.equals(backgroundOf('k2-000000', background))).toBe(true);
    canvas.fill(9);
    fill('k2-000000', canvas);
    expect(canvas.equals(backgroundOf('k2-000000', background))).toBe(true);
  });

  describe('noise', () => {
    const noiseOf = (id: string, seed = 42): Buffer => backgroundOf(id, 'noise', seed);

    it('is the same for an image however often it is made', () => {
      const fill = openBackground(backgroundRecipe('noise'));
      const canvas = Buffer.alloc(3 * 40 * 30);
      fill('k2-000001', canvas);
      fill('k2-000000', canvas);
      expect(canvas.equals(noiseOf('k2-000000'))).toBe(true);
      expect(noiseOf('k2-000000')).toHaveLength(3 * 40 * 30);
    });

    it('differs between images and between seeds', () => {
      const all = [noiseOf('k2-000000'), noiseOf('k2-000001'), noiseOf('k2-000000', 7)];
      expect(new Set(all.map((bytes) => bytes.toString('hex'))).size).toBe(3);
      const same = all[0]!.filter((byte, index) => byte === all[1]![index]).length;
      expect(same).toBeLessThan(50); // of 3,600 bytes 14 by chance
    });

    it('has every value about as often', () => {
      const counts = Array.from({ length: 256 }, () => 0);
      for (let image = 0; image < 20; image += 1) {
        for (const value of noiseOf(`image=${image}`)) counts[value]! += 1;
      }
      const expected = (20 * 3600) / 256;
      const chiSquare = counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
      expect(chiSquare).toBeLessThan(347); // 99.99% of 255 degrees of freedom
    });
  });
});

const WHITE = [255, 255, 255];
const RED = [200, 0, 0] as const;
const BLUE = [0, 0, 200] as const;

/** A white canvas of 12 x 10 with a patch painted on it. */
function painted(
  patch: RgbImage,
  place: Rectangle,
  fit: 'contain' | 'cover' | 'stretch',
  kernel: 'lanczos3' | 'box' = 'lanczos3',
): (x: number, y: number) => number[] {
  const image = threadKernel();
  image.openCanvas([12, 10]).fill(255);
  image.bring(patch).set(patch.data);
  paint(image, [patch.width, patch.height], place, recipeWith({ patch: { fit, kernel } }).patch);
  const canvas = Buffer.alloc(3 * 12 * 10);
  image.copyCanvas(canvas);
  return (x, y) => [...canvas.subarray(3 * (12 * y + x), 3 * (12 * y + x) + 3)];
}

/** What a canvas of 12 x 10 shows that is white but for its place. */
function expectShown(
  at: (x: number, y: number) => number[],
  [left, top, width, height]: Rectangle,
  colourAt: (x: number, y: number) => readonly number[],
): void {
  for (let y = 0; y < 10; y += 1) {
    for (let x = 0; x < 12; x += 1) {
      const inside = x >= left && x < left + width && y >= top && y < top + height;
      const colour = inside ? [...colourAt(x - left, y - top)] : WHITE;
      expect([x, y, at(x, y)]).toEqual([x, y, colour]);
    }
  }
}

describe('paint', () => {
  it('copies a patch that has the size of its place, pixel by pixel, and nothing else', () => {
    const patch = noiseImage(5, 4);
    const pixel = (x: number, y: number): Buffer =>
      patch.data.subarray(3 * (5 * y + x), 3 * (5 * y + x) + 3);
    const place: Rectangle = [3, 2, 5, 4];
    expectShown(painted(patch, place, 'contain'), place, (x, y) => [...pixel(x, y)]);
  });

  it.each<Rectangle>([
    [0, 0, 12, 10],
    [0, 0, 1, 1],
    [11, 9, 1, 1],
    [4, 0, 8, 10],
  ])('fills its place to the edge of the canvas: %d, %d, %d x %d', (...place) => {
    for (const fit of ['contain', 'cover', 'stretch'] as const) {
      expectShown(painted(flatImage(7, 3, RED), place, fit), place, () => RED);
    }
  });

  it('shows the middle of a patch that is wider than its place, to cover', () => {
    // 8 x 4 in 4 x 4: columns 2 to 5 show; red up to column 3
    const patch = drawImageOf(8, 4, (x) => (x < 4 ? RED : BLUE));
    const place: Rectangle = [1, 1, 4, 4];
    expectShown(painted(patch, place, 'cover'), place, (x) => (x < 2 ? RED : BLUE));
  });

  it('shows the middle of a patch that is higher than its place, to cover', () => {
    // 4 x 7 in 4 x 4: rows floor(3 / 2) = 1 to 4 show; red up to row 2
    const patch = drawImageOf(4, 7, (_, y) => (y < 3 ? RED : BLUE));
    const place: Rectangle = [1, 1, 4, 4];
    expectShown(painted(patch, place, 'cover'), place, (_, y) => (y < 2 ? RED : BLUE));
  });

  it('scales a patch until it covers its place', () => {
    // 4 x 2 in 6 x 6: 12 x 6, of which columns 3 to 8 show: both halves
    const patch = drawImageOf(4, 2, (x) => (x < 2 ? RED : BLUE));
    const place: Rectangle = [2, 2, 6, 6];
    expectShown(painted(patch, place, 'cover', 'box'), place, (x) => (x < 3 ? RED : BLUE));
  });

  it('distorts a patch to its place, to stretch', () => {
    // 4 x 2 in 6 x 6: each column 1.5, so the halves still meet in the middle
    const patch = drawImageOf(4, 2, (x) => (x < 2 ? RED : BLUE));
    const place: Rectangle = [2, 2, 6, 6];
    expectShown(painted(patch, place, 'stretch', 'box'), place, (x) => (x < 3 ? RED : BLUE));
  });

  it('uses the kernel of the recipe', () => {
    const patch = noiseImage(9, 9);
    const at = (['lanczos3', 'box'] as const).map((kernel) =>
      painted(patch, [0, 0, 4, 4], 'contain', kernel)(1, 1),
    );
    expect(at[0]).not.toEqual(at[1]);
  });
});
