import { SamplingError } from '../errors.js';
import type { Recipe } from '../recipe/schema.js';
import { canFill, countHeld, type Demand, mostImages } from './feasibility.js';
import type { SharingRules } from './rules.js';

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
      throw impossible(k, `the pool has patches for ${most}, none used twice`, most, 'images');
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
