import { SamplingError } from '../errors.js';
import { openStream, type Stream } from '../random.js';
import { patchCounts, type Recipe } from '../recipe/schema.js';
import { canFill, countHeld, type Demand, requireFeasible } from './feasibility.js';
import type { PatchRow } from './pool.js';
import { openSupply, sharingRules, type SharingRules, type Supply } from './supply.js';

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

/** Draws that lead nowhere before an image is given up: only a pool on its limit comes near. */
const ATTEMPTS = 1000;

/** What is thrown where sources that hold several classes leave too few patches to go on. */
function deadEnd(k: number, index: number): SamplingError {
  return new SamplingError(`found no ${k} patches that may share image ${index}`, {
    code: 'sampling-dead-end',
    place: `sampling.counts.${k}`,
    fix: 'lower the count, or set sampling.distinctSources to false',
  });
}

/** Draws that would leave the rest impossible before the image is filled from the fullest units. */
const TRIES = 32;

/**
 * Draws images that share no patch at all. Near the end of the pool a free draw could leave the
 * images after it without patches; each image is drawn so that the rest stays possible.
 */
function* drawApart(
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

/** Draws refused before all patches that may join are listed and one of them is drawn. */
const IMAGE_TRIES = 64;

/**
 * Draws k patches that may share an image, one after the other, each evenly from the patches that
 * may join those before it: the first j of them do not depend on k.
 * @returns positions in the pool; undefined where the ones drawn leave no patch that may join
 */
export function drawImage(
  k: number,
  supply: Supply,
  rules: SharingRules,
  stream: Stream,
): number[] | undefined {
  const chosen: number[] = [];
  while (chosen.length < k) {
    const patch = drawJoining(chosen, supply, rules, stream);
    if (patch === undefined) return undefined;
    chosen.push(patch);
  }
  return chosen;
}

function drawJoining(
  chosen: readonly number[],
  supply: Supply,
  rules: SharingRules,
  stream: Stream,
): number | undefined {
  for (let tries = 0; tries < IMAGE_TRIES; tries += 1) {
    const patch = supply.draw(stream);
    if (patch === undefined) return undefined;
    if (rules.mayJoin(patch, chosen)) return patch;
  }
  // Refusing draws until one may join, and drawing from those that may, are the same distribution.
  const joining = supply
    .groups()
    .map((group) => group.filter((patch) => rules.mayJoin(patch, chosen)))
    .filter((group) => group.length > 0);
  if (joining.length === 0) return undefined;
  const group = joining[stream.int(joining.length)]!;
  return group[stream.int(group.length)];
}

/** Which patches one image holds, as positions in the pool, in the order they were drawn. */
export interface DrawnImage {
  k: number;
  /** Number of the image among those of k patches, from 0. */
  index: number;
  patches: readonly number[];
}

/**
 * The stream of one choice for one image: its patches (`plan`) or their places (`layout`). Paired
 * images of all k share theirs, so that each holds the patches of the smaller ones, and in a fixed
 * grid in the same cells.
 */
export function openImageStream(
  { seed, sampling }: Recipe,
  choice: 'plan' | 'layout',
  k: number,
  index: number,
): Stream {
  return openStream(`${seed}/${choice}/${sampling.paired ? 'paired' : `k=${k}`}/image=${index}`);
}
