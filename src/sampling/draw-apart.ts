import type { PatchRow } from '../pool/patch-row.js';
import type { Recipe } from '../recipe/schema.js';
import { deadEnd } from './dead-end.js';
import type { DrawnImage } from './drawn-image.js';
import { drawImage } from './draw-image.js';
import { openImageStream } from './image-stream.js';
import { canFill, countHeld, type Demand } from './feasibility.js';
import type { SharingRules } from './rules.js';
import { openSupply, type Supply } from './supply.js';

/** Draws that would leave the rest impossible before the image is filled from the fullest units. */
const TRIES = 32;

/**
 * Draws images that share no patch at all. Near the end of the pool a free draw could leave the
 * images after it without patches; each image is drawn so that the rest stays possible.
 */
export function* drawApart(
  recipe: Recipe,
  demand: Demand,
  patches: readonly PatchRow[],
  rules: SharingRules,
): Generator<DrawnImage> {
  const supply = openSupply(patches, recipe.sampling.balance);
  const stock = openStock(rules);
  for (const [position, [k, images]] of demand.entries()) {
    for (let index = 0; index < images; index += 1) {
      const stream = openImageStream(recipe, 'plan', k, index);
      const rest: Demand = [[k, images - index - 1], ...demand.slice(position + 1)];
      let drawn: number[] | undefined;
      for (let tries = 0; !drawn && tries < TRIES; tries += 1) {
        const free = drawImage(k, supply, rules, stream);
        if (free && stock.leavesEnough(free, rest)) drawn = free;
      }
      drawn ??= drawImage(k, fromFullestUnits(k, supply, stock, rules), rules, stream);
      if (!drawn) throw deadEnd(k, index);
      for (const patch of drawn) supply.take(patch);
      stock.take(drawn);
      yield { k, index, patches: drawn };
    }
  }
}

/** How many patches each unit still holds. */
interface Stock {
  size(unit: number): number;
  leavesEnough(drawn: readonly number[], rest: Demand): boolean;
  take(drawn: readonly number[]): void;
}

function openStock({ unitOf, units }: SharingRules): Stock {
  const sizes = new Int32Array(units);
  for (const unit of unitOf) sizes[unit]! += 1;
  const held = countHeld(unitOf, units);
  const add = (patch: number, change: number): void => {
    const unit = unitOf[patch]!;
    held[sizes[unit]!]! -= 1;
    sizes[unit]! += change;
    held[sizes[unit]!] = (held[sizes[unit]!] ?? 0) + 1;
  };
  const take = (drawn: readonly number[]): void => {
    for (const patch of drawn) add(patch, -1);
  };
  return {
    size: (unit) => sizes[unit]!,
    take,
    leavesEnough(drawn, rest) {
      take(drawn);
      const enough = canFill(rest, held);
      for (const patch of drawn) add(patch, 1);
      return enough;
    },
  };
}

/** Taking from the k fullest units keeps any possible rest possible. */
function fromFullestUnits(
  k: number,
  supply: Supply,
  stock: Stock,
  { unitOf, units }: SharingRules,
): Supply {
  const fullest = new Set(
    Array.from({ length: units }, (_, unit) => unit)
      .sort((a, b) => stock.size(b) - stock.size(a) || a - b)
      .slice(0, k),
  );
  const left = supply
    .groups()
    .flat()
    .filter((patch) => fullest.has(unitOf[patch]!));
  return {
    draw: (stream) => left[stream.int(left.length)],
    take: () => undefined,
    groups: () => [left],
  };
}
