import { SamplingError } from '../errors.js';
import type { Recipe } from '../recipe/schema.js';
import type { SharingRules } from './supply.js';

/** Images asked for, by number of patches: `[k, images]`, k ascending. */
export type Demand = readonly (readonly [k: number, images: number])[];

/**
 * Whether images can be filled from units of which each holds some patches and gives an image at
 * most one (Gale and Ryser): for every n, the n most demanding images must not ask for more than
 * the units can give to n images.
 * @param held `held[c]`: how many units hold c patches
 */
export function canFill(demand: Demand, held: readonly number[]): boolean {
  const descending = [...demand].sort(([a], [b]) => b - a);
  let asked = 0;
  let given = 0;
  let n = 0;
  let unitsLeft = held.reduce((sum, units, size) => (size > 0 ? sum + units : sum), 0);
  for (const [k, images] of descending) {
    for (let i = 0; i < images; i += 1) {
      n += 1;
      asked += k;
      given += unitsLeft; // every unit that holds n patches or more gives one more
      if (asked > given) return false;
      unitsLeft -= held[n] ?? 0;
      if (unitsLeft === 0) return asked + sumFrom(descending, n) <= given;
    }
  }
  return true;
}

/** The most images of k patches that can be filled beside the rest of a demand. */
export function mostImages(k: number, others: Demand, held: readonly number[]): number {
  const rest = others.filter(([other]) => other !== k);
  let low = 0;
  let high = held.reduce((sum, units, size) => sum + units * size, 0) + 1;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (canFill([...rest, [k, middle]], held)) low = middle;
    else high = middle;
  }
  return low;
}

/** Counts units by how many patches each holds: the `held` of {@link canFill}. */
export function countHeld(unitOf: Int32Array, units: number): number[] {
  const sizes = new Int32Array(units);
  for (const unit of unitOf) sizes[unit]! += 1;
  const held: number[] = [];
  for (const size of sizes) held[size] = (held[size] ?? 0) + 1;
  return Array.from(held, (count: number | undefined) => count ?? 0);
}

/** Patches asked for by the images behind the first n of a demand. */
function sumFrom(demand: Demand, n: number): number {
  let skip = n;
  let sum = 0;
  for (const [k, images] of demand) {
    const skipped = Math.min(skip, images);
    skip -= skipped;
    sum += k * (images - skipped);
  }
  return sum;
}

/**
 * Checks a demand against the pool before any work.
 * @throws SamplingError that names the first count that is too large and the largest possible
 */
export function requireFeasible(
  demand: Demand,
  { unitOf, units }: SharingRules,
  replacement: Recipe['sampling']['replacement'],
): void {
  const held = countHeld(unitOf, units);
  for (const [position, [k, images]] of demand.entries()) {
    if (k > units) {
      throw impossible(k, `the pool has ${units} that may share an image`, units, 'patches');
    }
    const smaller = demand.slice(0, position);
    if (replacement === 'per-dataset' && !canFill([...smaller, [k, images]], held)) {
      const most = mostImages(k, smaller, held);
      throw impossible(
        k,
        `without repeating a patch, the pool is enough for ${most}`,
        most,
        'images',
      );
    }
  }
}

function impossible(k: number, problem: string, most: number, what: string): SamplingError {
  return new SamplingError(
    `${what === 'images' ? 'too many images' : 'too many patches'} of k = ${k}: ${problem}`,
    {
      code: 'sampling-impossible',
      place: `sampling.counts.${k}`,
      fix: `ask for at most ${most} ${what}`,
    },
  );
}
