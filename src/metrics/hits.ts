import { hasLabel, type LabelSet } from './label-set.js';
import type { TopClasses } from './top-classes.js';

/** |T(i, n) ∩ L(i)|: how many of image i's n highest-ranked classes are valid; n at most `top.n`. */
export function hits(top: TopClasses, labels: LabelSet, image: number, n: number): number {
  const row = image * top.n;
  let found = 0;
  for (let rank = 0; rank < n; rank += 1) {
    if (hasLabel(labels, image, top.classes[row + rank]!)) found += 1;
  }
  return found;
}
