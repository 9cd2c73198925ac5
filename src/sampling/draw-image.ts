import type { Stream } from '../random/stream.js';
import type { SharingRules } from './rules.js';
import type { Supply } from './supply.js';

/** Draws refused before all patches that may join are listed and one of them is drawn. */
const TRIES = 64;

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
  for (let tries = 0; tries < TRIES; tries += 1) {
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
