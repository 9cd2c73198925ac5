import { SamplingError } from '../errors.js';

/** Draws that lead nowhere before an image is given up: only a pool on its limit comes near. */
export const ATTEMPTS = 1000;

/** What is thrown where sources that hold several classes leave too few patches to go on. */
export function deadEnd(k: number, index: number): SamplingError {
  return new SamplingError(`no ${k} patches that may share image ${index} were found`, {
    code: 'sampling-dead-end',
    place: `sampling.counts.${k}`,
    fix: 'lower the count, or set sampling.distinctSources to false',
  });
}
