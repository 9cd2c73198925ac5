/** Sides of patches are counted in these ranges: each from its number up to the next, px. */
const SIDE_RANGES = [0, 32, 64, 128, 256, 512] as const;

/** Counts of shorter sides, by range: `{ "32-63": 12, ... }`, px. */
export type SideHistogram = Record<string, number>;

/** A histogram without counts. */
export function emptySideHistogram(): SideHistogram {
  return Object.fromEntries(SIDE_RANGES.map((_, index) => [nameOf(index), 0]));
}

/** Counts one size by its shorter side. */
export function countSide(histogram: SideHistogram, width: number, height: number): void {
  const side = Math.min(width, height);
  const index = SIDE_RANGES.findLastIndex((from) => side >= from);
  histogram[nameOf(Math.max(index, 0))]! += 1;
}

function nameOf(index: number): string {
  const from = SIDE_RANGES[index]!;
  const next = SIDE_RANGES[index + 1];
  return next === undefined ? `${from}+` : `${from}-${next - 1}`;
}
