import type { PatchRow } from '../pool/patch-row.js';
import { patchCounts } from '../recipe/patch-counts.js';
import type { Recipe } from '../recipe/schema.js';
import { ATTEMPTS, deadEnd } from './dead-end.js';
import { drawApart } from './draw-apart.js';
import { drawImage } from './draw-image.js';
import type { DrawnImage } from './drawn-image.js';
import type { Demand } from './feasibility.js';
import { openImageStream } from './image-stream.js';
import { requireFeasible } from './require-feasible.js';
import { sharingRules } from './rules.js';
import { openSupply } from './supply.js';

/**
 * Draws the patches of every image: k ascending, then number ascending. An image depends on the
 * seed, its k and its number alone, except with replacement `per-dataset`, where it depends on the
 * images before it too.
 * @throws SamplingError before the first image when the demand is impossible
 */
export function* drawDataset(recipe: Recipe, patches: readonly PatchRow[]): Generator<DrawnImage> {
  const { sampling } = recipe;
  const rules = sharingRules(patches, sampling);
  const demand = patchCounts(recipe).map((k) => [k, sampling.counts[k]!] as const);
  requireFeasible(demand, rules, sampling.replacement);
  if (sampling.replacement === 'per-dataset') {
    yield* drawApart(recipe, demand, patches, rules);
    return;
  }
  const supply = openSupply(patches, sampling.balance);
  for (const [k, images] of demand) {
    for (let index = 0; index < images; index += 1) {
      const stream = openImageStream(recipe, 'plan', k, index);
      const size = sampling.paired ? largestOf(demand, index) : k;
      let drawn: number[] | undefined;
      for (let attempt = 0; !drawn && attempt < ATTEMPTS; attempt += 1) {
        drawn = drawImage(size, supply, rules, stream);
      }
      if (!drawn) throw deadEnd(size, index);
      yield { k, index, patches: drawn.slice(0, k) };
    }
  }
}

/** Paired images are all drawn for the largest k of their number, so that a dead end meets all. */
function largestOf(demand: Demand, index: number): number {
  return demand.findLast(([, images]) => images > index)![0];
}
