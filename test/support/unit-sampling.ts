import fc from 'fast-check';
import { drawDataset, type DrawnImage } from '../../src/generate/draw-patches.js';
import type { PatchRow } from '../../src/generate/pool.js';
import type { RecipeOverrides } from '../../src/recipe/load.js';
import type { Recipe } from '../../src/recipe/schema.js';
import { patchRow, wnidOf } from './unit-pools.js';
import { recipeWith } from './unit-recipes.js';

export type Sampling = NonNullable<RecipeOverrides['sampling']>;

/** Every image of a recipe with this sampling. */
export function draw(pool: readonly PatchRow[], sampling: Sampling, seed = 42): DrawnImage[] {
  return [...drawDataset(recipeWith({ seed, sampling }), pool)];
}

/** Pools of a few classes of very uneven sizes, each patch from an image of its own. */
export const unevenPools: fc.Arbitrary<PatchRow[]> = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 12 })), {
    minLength: 2,
    maxLength: 7,
  })
  .map((sizes) =>
    sizes
      .flatMap((size, classIndex) => Array.from({ length: size }, () => classIndex))
      .map((classIndex, position) => patchRow(position, classIndex)),
  );

/** Pools whose images hold objects of several classes, which makes dead ends. */
export const tangledPools: fc.Arbitrary<PatchRow[]> = fc
  .array(fc.tuple(fc.nat(4), fc.nat(5)), { minLength: 3, maxLength: 20 })
  .map((patches) =>
    patches.map(([classIndex, source], position) =>
      patchRow(position, classIndex, `image-${source}`),
    ),
  );

/** Everything a recipe may say of which patches share an image. */
export const sharing: fc.Arbitrary<Sampling> = fc.record({
  distinctClasses: fc.boolean(),
  distinctSources: fc.boolean(),
  balance: fc.constantFrom('patches', 'classes'),
  conflicts: fc.constantFrom([], [[wnidOf(0), wnidOf(1)]], [[wnidOf(0), wnidOf(1), wnidOf(2)]]),
});

/** What a drawn image breaks of the recipe's rules; none: []. */
export function violations(
  pool: readonly PatchRow[],
  { distinctClasses, distinctSources, conflicts }: Recipe['sampling'],
  { k, patches }: DrawnImage,
): string[] {
  const rows = patches.map((patch) => pool[patch]!);
  const wnids = new Set(rows.map(({ wnid }) => wnid));
  const broken: string[] = [];
  if (patches.length !== k) broken.push('not k patches');
  if (new Set(patches).size !== k) broken.push('a patch twice');
  if (distinctClasses && wnids.size !== k) broken.push('a class twice');
  if (distinctSources && new Set(rows.map(({ source }) => source)).size !== k) {
    broken.push('a source twice');
  }
  for (const group of conflicts) {
    if (group.filter((wnid) => wnids.has(wnid)).length > 1) broken.push('a conflict');
  }
  return broken;
}
