import { describe, expect, it } from '@jest/globals';
import { openBackground } from '../../src/generate/compose-image.js';
import type { Recipe } from '../../src/recipe/schema.js';
import { recipeWith } from '../support/unit-recipes.js';

function recipeOn(background: Recipe['canvas']['background'], seed = 42): Recipe {
  return recipeWith({ seed, canvas: { background, size: [40, 30] } });
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
    const canvas = openBackground(recipeOn(background))('any');
    expect(canvas.equals(Buffer.alloc(4 * 40 * 30, Buffer.from([...rgb, 255])))).toBe(true);
  });

  it.each(['white', 'noise'])('gives a new canvas each time: %s', (background) => {
    const open = openBackground(recipeOn(background));
    const first = open('k2-000000');
    const expected = Buffer.from(first);
    first.fill(7);
    expect(open('k2-000000').equals(expected)).toBe(true);
  });

  describe('noise', () => {
    const noiseOf = (id: string, seed = 42): Buffer => openBackground(recipeOn('noise', seed))(id);

    it('is the same for an image however often it is made', () => {
      const open = openBackground(recipeOn('noise'));
      open('k2-000001');
      expect(open('k2-000000').equals(noiseOf('k2-000000'))).toBe(true);
      expect(noiseOf('k2-000000')).toHaveLength(4 * 40 * 30);
    });

    it('differs between images and between seeds', () => {
      const all = [noiseOf('k2-000000'), noiseOf('k2-000001'), noiseOf('k2-000000', 7)];
      expect(new Set(all.map((bytes) => bytes.toString('hex'))).size).toBe(3);
      const same = all[0]!.filter((byte, index) => byte === all[1]![index]).length;
      expect(same).toBeLessThan(50); // of 4,800 bytes 19 by chance
    });

    it('has every value about as often', () => {
      const counts = Array.from({ length: 256 }, () => 0);
      for (let image = 0; image < 20; image += 1) {
        for (const value of noiseOf(`image=${image}`)) counts[value]! += 1;
      }
      const expected = (20 * 4800) / 256;
      const chiSquare = counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
      expect(chiSquare).toBeLessThan(347); // 99.99% of 255 degrees of freedom
    });
  });
});
