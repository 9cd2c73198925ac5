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
 * The means of many groups on one resample, each what it would be by itself, to the last bit. Groups
 * that are the same, as those of metrics that agree on a set, are summed once. Sums whose addends may
 * come in any order are taken by {@link ExactMeans}. The others are taken in the order of their
 * members: each waits for the addition before it, so that one pass over the images for several sums
 * takes hardly longer than for one.
 */
export class GroupMeans {
  readonly #blocks: Block[] = [];
  readonly #exact: ExactMeans;

  /** @param images in the evaluation set */
  constructor(images: number) {
    this.#exact = new ExactMeans(images);
  }

  /** Adds a group. @returns its mean on the resample taken last */
  add(group: Group): () => number {
    if (this.#exact.takes(group)) return this.#exact.add(group);
    const { members, scores } = group;
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
    this.#exact.take(counts);
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

/**
 * Means of groups whose sums are exact in any order: of hits, of halves, of ranks. The images that
 * have the same scores in all groups are of one kind. A resample's images are counted by kind, and
 * what is summed is kinds, some hundreds, instead of images.
 */
class ExactMeans {
  readonly #images: number;
  readonly #groups: Group[] = [];
  readonly #means: number[] = [];
  /** The kind of each image. */
  readonly #kinds: Uint32Array;
  #kindCount = 1;
  /** Undefined where a group has been added since it was made. */
  #table: KindTable | undefined;

  constructor(images: number) {
    this.#images = images;
    this.#kinds = new Uint32Array(images);
  }

  /**
   * Whether all sums of a group are exact: scores are sixteenths, and so are their sums, below 2^53 of
   * them even if every image is drawn as often as counts can say.
   */
  takes({ scores }: Group): boolean {
    const most = 2 ** 33 / this.#images;
    return scores.every((score) => Number.isInteger(16 * score) && Math.abs(score) <= most);
  }

  /** As {@link GroupMeans.add}. */
  add(group: Group): () => number {
    const known = this.#groups.findIndex(
      ({ members, scores }) => isSame(members, group.members) && isSame(scores, group.scores),
    );
    if (known >= 0) return () => this.#means[known]!;
    this.#divideKinds(group);
    this.#table = undefined;
    const at = this.#groups.push(group) - 1;
    return () => this.#means[at]!;
  }

  /** Members of one kind are of as many kinds as they have scores, and none of them of the old one. */
  #divideKinds({ members, scores }: Group): void {
    const byScore = new Map<number, Map<number, number>>();
    for (let at = 0; at < members.length; at += 1) {
      const kinds = byScore.get(scores[at]!) ?? new Map<number, number>();
      byScore.set(scores[at]!, kinds);
      const old = this.#kinds[members[at]!]!;
      let kind = kinds.get(old);
      if (kind === undefined) kinds.set(old, (kind = this.#kindCount++));
      this.#kinds[members[at]!] = kind;
    }
  }

  #newTable(): KindTable {
    this.#dropEmptyKinds();
    const newColumn = (): Float64Array => new Float64Array(this.#kindCount);
    const columns = this.#groups.map(({ members, scores }) => {
      const column = { scores: newColumn(), isIn: newColumn() };
      members.forEach((image, at) => {
        const kind = this.#kinds[image]!;
        column.scores[kind] = scores[at]!;
        column.isIn[kind] = 1;
      });
      return column;
    });
    return { drawn: new Uint32Array(this.#kindCount), columns };
  }

  #dropEmptyKinds(): void {
    const numbers = new Int32Array(this.#kindCount).fill(-1);
    this.#kindCount = 0;
    this.#kinds.forEach((kind, image) => {
      if (numbers[kind] === -1) numbers[kind] = this.#kindCount++;
      this.#kinds[image] = numbers[kind]!;
    });
  }

  take(counts: ResampleCounts): void {
    if (this.#groups.length === 0) return;
    this.#table ??= this.#newTable();
    const { drawn, columns } = this.#table;
    countKinds(drawn, this.#kinds, counts);
    columns.forEach((column, at) => (this.#means[at] = kindMean(column, drawn)));
  }
}

/** What the groups are of kinds of images. */
interface KindTable {
  /** How many images of each kind were drawn. */
  drawn: Uint32Array;
  columns: KindColumn[];
}

/** A group: of each kind its score, 0 where it is none of the group's, and whether it is, 1 or 0. */
interface KindColumn {
  scores: Float64Array;
  isIn: Float64Array;
}

function countKinds(drawn: Uint32Array, kinds: Uint32Array, counts: ResampleCounts): void {
  drawn.fill(0);
  for (let image = 0; image < kinds.length; image += 1) drawn[kinds[image]!]! += counts[image]!;
}

function kindMean({ scores, isIn }: KindColumn, drawn: Uint32Array): number {
  let sum = 0;
  let weight = 0;
  for (let kind = 0; kind < drawn.length; kind += 1) {
    const count = drawn[kind]!;
    sum += count * scores[kind]!;
    weight += count * isIn[kind]!;
  }
  return sum / weight;
}
