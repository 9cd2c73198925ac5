/**
 * How often each image was drawn in one resample. Counts beyond 65,535 would need that many draws of
 * one image.
 */
export type ResampleCounts = Uint16Array;

/** Images and a score of each. */
export interface Group {
  /** Positions in the evaluation set. */
  readonly members: Uint32Array;
  /** One for each member, none of them `NaN`. */
  readonly scores: Float64Array;
}

/** A statistic's value where it is the unweighted mean of the non-empty groups' means. */
export interface GroupedValue {
  (counts?: ResampleCounts): number;
  readonly groups: readonly Group[];
}

/** A {@link GroupedValue} of groups of a set of so many images. */
export function groupedValue(groups: readonly Group[], images: number): GroupedValue {
  const everyone: ResampleCounts = new Uint16Array(images).fill(1);
  const value = (counts: ResampleCounts = everyone): number =>
    meanOfMeans(groups.map((group) => groupMean(group, counts)));
  return Object.assign(value, { groups });
}

function groupMean({ members, scores }: Group, counts: ResampleCounts): number {
  let sum = 0;
  let weight = 0;
  for (let at = 0; at < scores.length; at += 1) {
    const count = counts[members[at]!]!;
    sum += count * scores[at]!;
    weight += count;
  }
  return sum / weight;
}

/** The unweighted mean of those that are not `NaN`: of the groups that have images. */
export function meanOfMeans(means: readonly number[]): number {
  let sum = 0;
  let filled = 0;
  for (const mean of means) {
    if (Number.isNaN(mean)) continue;
    sum += mean;
    filled += 1;
  }
  return sum / filled;
}

/**
 * The means of many groups on one resample. A sum waits for the addition before it, so that one pass
 * over the images for several sums takes hardly longer than for one; and groups that are the same,
 * as those of metrics that agree on a set, are summed once. Each sum is still taken in the order of
 * its members: the means are what they would be one by one, to the last bit.
 */
export class GroupMeans {
  readonly #blocks: Block[] = [];

  /** Adds a group. @returns its mean on the resample taken last */
  add({ members, scores }: Group): () => number {
    const alike = this.#blocks.filter((block) => isSame(block.members, members));
    for (const { columns, means } of alike) {
      const column = columns.findIndex((other) => isSame(other, scores));
      if (column >= 0) return () => means[column]!;
    }
    let block = alike.find(({ columns }) => columns.length < COLUMNS);
    if (!block) this.#blocks.push((block = newBlock(members)));
    const { columns, values, means } = block;
    const column = columns.push(scores) - 1;
    scores.forEach((score, at) => (values[at * COLUMNS + column] = score));
    return () => means[column]!;
  }

  /** Takes all means on a resample. */
  take(counts: ResampleCounts): void {
    for (const block of this.#blocks) takeBlock(block, counts);
  }
}

const COLUMNS = 8;

/** Up to {@link COLUMNS} groups of the same members. */
interface Block {
  readonly members: Uint32Array;
  /** The scores of each group. */
  readonly columns: Float64Array[];
  /** The same, [members x COLUMNS]. */
  readonly values: Float64Array;
  /** On the resample taken last. */
  readonly means: Float64Array;
}

function newBlock(members: Uint32Array): Block {
  const values = new Float64Array(members.length * COLUMNS);
  return { members, columns: [], values, means: new Float64Array(COLUMNS) };
}

function isSame<T extends Uint32Array | Float64Array>(a: T, b: T): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false;
  return true;
}

function takeBlock({ members, values, means }: Block, counts: ResampleCounts): void {
  let [weight, a, b, c, d, e, f, g, h] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let image = 0, at = 0; image < members.length; image += 1, at += COLUMNS) {
    const count = counts[members[image]!]!;
    weight += count;
    a += count * values[at]!;
    b += count * values[at + 1]!;
    c += count * values[at + 2]!;
    d += count * values[at + 3]!;
    e += count * values[at + 4]!;
    f += count * values[at + 5]!;
    g += count * values[at + 6]!;
    h += count * values[at + 7]!;
  }
  [a, b, c, d, e, f, g, h].forEach((sum, column) => (means[column] = sum / weight));
}
