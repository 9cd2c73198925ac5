import { openGenerator } from '../random/stream.js';
import { requireInteger } from './metrics-error.js';
import type { ResampleCounts } from './statistic.js';

/**
 * Bootstrap resamples of a set of images: each draws as many images as there are, with replacement.
 * Resample r depends on the seed and r alone, so that 1,000 resamples begin with the same 100.
 *
 * @param seed what the draws are for, such as `"0/bootstrap"`
 * @yields the counts of one resample, in an array that the next one overwrites
 */
export function* resampleCounts(
  images: number,
  seed: string,
  resamples: number,
): Generator<ResampleCounts, void, undefined> {
  requireInteger('images', images, 0);
  requireInteger('resamples', resamples, 1);
  const counts = new Uint16Array(images);
  for (let resample = 0; resample < resamples; resample += 1) {
    const random = openGenerator(`${seed}/resample=${resample}`);
    counts.fill(0);
    // `| 0` rounds down: there are fewer than 2^31 images.
    for (let draw = 0; draw < images; draw += 1) counts[(random() * images) | 0]! += 1;
    yield counts;
  }
}
