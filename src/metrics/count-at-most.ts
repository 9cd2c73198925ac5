/** The position after the last of the ascending `sorted[low .. high)` that is at most `value`. */
export function countAtMost(
  sorted: Float64Array,
  value: number,
  low: number,
  high: number,
): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
