/**
 * The distinct scores of the valid labels of each group (a class, or everything), ascending within
 * the group; group g has the positions `starts[g]` to `starts[g + 1]` - 1.
 */
export interface Thresholds {
  readonly starts: Uint32Array;
  readonly scores: Float64Array;
  /** The weight of the valid labels with just this score. */
  readonly valid: Float64Array;
  /** The weight of everything that scores from this threshold up to the next. To be filled in. */
  readonly counted: Float64Array;
}

/**
 * @param scores of the valid labels
 * @param weights of the same labels; those with 0 make no threshold
 * @param groups the group of each, 0 to `groupCount` - 1
 */
export function thresholds(
  scores: Float64Array,
  weights: Float64Array,
  groups: Uint16Array,
  groupCount: number,
): Thresholds {
  const order = Uint32Array.from(scores.keys())
    .filter((at) => weights[at]! > 0)
    .sort((a, b) => groups[a]! - groups[b]! || scores[a]! - scores[b]!);
  const starts = new Uint32Array(groupCount + 1);
  const distinct = new Float64Array(order.length);
  const valid = new Float64Array(order.length);
  let size = 0;
  let previous = -1;
  for (const at of order) {
    const same =
      previous >= 0 && groups[at] === groups[previous] && scores[at] === scores[previous];
    if (!same) {
      distinct[size] = scores[at]!;
      size += 1;
      starts[groups[at]! + 1]! += 1;
    }
    valid[size - 1]! += weights[at]!;
    previous = at;
  }
  for (let g = 0; g < groupCount; g += 1) starts[g + 1]! += starts[g]!;
  return {
    starts,
    scores: distinct.slice(0, size),
    valid: valid.slice(0, size),
    counted: new Float64Array(size),
  };
}

/** Each group's average precision, Σ (valid here / valid in all) · precision; `NaN` if none valid. */
export function stepSums({ starts, valid, counted }: Thresholds): Float64Array {
  return Float64Array.from({ length: starts.length - 1 }, (_, group) => {
    let validAbove = 0;
    let countedAbove = 0;
    let sum = 0;
    for (let at = starts[group + 1]! - 1; at >= starts[group]!; at -= 1) {
      validAbove += valid[at]!;
      countedAbove += counted[at]!;
      sum += (valid[at]! * validAbove) / countedAbove;
    }
    return sum / validAbove;
  });
}
