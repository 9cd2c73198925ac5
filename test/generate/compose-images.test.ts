import { describe, expect, it } from '@jest/globals';
import { sha256 } from '../../src/files/digest.js';
import { type ComposeTask, openComposer } from '../../src/generate/compose-image.js';
import { PoolReader } from '../../src/generate/pool-reader.js';
import type { PatchRow } from '../../src/generate/pool.js';
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
async function compose(
  recipe: Recipe,
  images: Record<
    string,
    (readonly [patch: number, bbox: ComposeTask['row']['objects'][0]['bbox']])[]
  >,
): Promise<Record<string, Buffer>> {
  const { folder, rows } = poolFolder();
  const reader = new PoolReader(folder);
  const tasks = Object.entries(images).map(([id, objects]): ComposeTask => ({
    row: {
      id,
      k: objects.length,
      objects: objects.map(([patch, bbox]) => ({ patch: rows[patch]!.id, bbox })),
    },
    patches: objects.map(([patch]) => rows[patch]!),
  }));
  const composed = await openComposer(recipe, reader)(tasks);
  reader.close();
  for (const image of composed) expect(image).toMatchObject({ width: 32, height: 24 });
  return Object.fromEntries(tasks.map(({ row }, index) => [row.id, composed[index]!.data]));
}

describe('openComposer', () => {
  it('paints every patch into its place on the background', async () => {
    const { a } = await compose(recipeOn('grey'), {
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

  it('copies a patch that is shown at its own size, pixel by pixel', async () => {
    const { a } = await compose(recipeOn('black'), { a: [[2, [20, 10, 8, 8]]] });
    const expected = drawImageOf(32, 24, (x, y) => {
      if (x < 20 || x >= 28 || y < 10 || y >= 18) return [0, 0, 0];
      const at = 3 * (8 * (y - 10) + x - 20);
      return [...patches[2]!.data.subarray(at, at + 3)] as [number, number, number];
    });
    expect(a!.equals(expected.data)).toBe(true);
  });

  it('paints later patches over earlier ones', async () => {
    const { a } = await compose(recipeOn('white'), {
      a: [
        [0, [0, 0, 6, 6]],
        [1, [0, 0, 6, 6]],
      ],
    });
    expect([...a!.subarray(0, 3)]).toEqual([0, 0, 200]);
  });

  it.each(['white', 'noise'] as const)(
    'makes an image from its own task alone, whatever is made with it: %s',
    async (background) => {
      const [a, b, c] = [[[0, [0, 0, 9, 9]]], [[2, [5, 5, 11, 11]]], [[1, [3, 3, 20, 8]]]] as const;
      const together = await compose(recipeOn(background), { a: [...a], b: [...b], c: [...c] });
      const otherwise = await compose(recipeOn(background), { c: [...c], a: [...a], b: [...b] });
      const alone = await compose(recipeOn(background), { b: [...b] });
      expect(otherwise).toEqual(together);
      expect(alone['b']!.equals(together['b']!)).toBe(true);
    },
  );

  it('composes nothing of nothing', async () => {
    expect(await compose(recipeOn('white'), {})).toEqual({});
  });
});
