import type { ScoreMatrix } from './ranking.js';
import type { ScoreKeys } from './score-keys.js';

/**
 * The distinct scores of the valid labels of each group (a class, or everything), ascending within
 * the group; group g has the positions `starts[g]` to `starts[g + 1]` - 1.
 */
export interface Thresholds {
  readonly starts: Uint32Array;
  readonly scores: Float64Array;
  readonly keys: Float64Array;
  /** The weight of the valid labels with just this score. */
  readonly valid: Float64Array;
  /** The weight of everything that scores from this threshold up to the next. To be filled in. */
  readonly counted: Float64Array;
}

/** The scores of valid labels, their keys, the weight of each, and its group: 0 to `groupCount` - 1. */
interface Labelled {
  scores: Float64Array;
  keys: Float64Array;
  /** Labels with 0 make no threshold. */
  weights: Float64Array;
  groups: Uint16Array;
}

/** The thresholds that labels make. */
export function thresholdsOf(
  { scores, keys, weights, groups }: Labelled,
  groupCount: number,
): Thresholds {
  const order = Uint32Array.from(scores.keys())
    .filter((at) => weights[at]! > 0)
    .sort((a, b) => groups[a]! - groups[b]! || scores[a]! - scores[b]!);
  const starts = new Uint32Array(groupCount + 1);
  const distinct = new Float64Array(order.length);
  const ofDistinct = new Float64Array(order.length);
  const valid = new Float64Array(order.length);
  let size = 0;
  let previous = -1;
  for (const at of order) {
    const same =
      previous >= 0 && groups[at] === groups[previous] && scores[at] === scores[previous];
    if (!same) {
      distinct[size] = scores[at]! + 0;
      ofDistinct[size] = keys[at]!;
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
    keys: ofDistinct.slice(0, size),
    valid: valid.slice(0, size),
    counted: new Float64Array(size),
  };
}

/** The rankings that scores are counted in. */
interface Rankings {
  /** One per class. */
  byClass: Thresholds;
  /** One of everything. */
  overall: Thresholds;
}

/**
 * Counts scores between thresholds: 50 million for a model, each in two rankings. The range of keys is
 * cut into cells, and a score is counted in its cell; only where that has a threshold too, as one cell
 * in ten has, is the score looked at. Such scores are noted in a list, and looked at in a loop of
 * their own: a processor that need not guess what comes next counts several times as fast.
 */
export class ScoreCounter {
  readonly #keys: ScoreKeys;
  readonly #byClass: Cells;
  readonly #overall: Cells;
  readonly #memory: Memory;
  /** Scores in cells. */
  #held = 0;

  constructor({ byClass, overall }: Rankings, keys: ScoreKeys) {
    const classCount = byClass.starts.length - 1;
    const labels = overall.scores.length;
    const many = powerOfTwo(CELLS_OVERALL * labels, MOST_CELLS);
    const few = powerOfTwo((CELLS_OF_CLASS * labels) / classCount, Math.min(many, 2 ** 16));
    const grid = gridOf(overall.keys, keys.margin);
    this.#keys = keys;
    this.#overall = newCells(overall, grid, many);
    this.#byClass = newCells(byClass, grid, few);
    this.#memory = newMemory(classCount);
  }

  /** Counts images. @param weights one for each image of the set, 0 or more. Default: 1 */
  add(
    { values, images, classCount }: ScoreMatrix,
    firstImage: number,
    weights: ArrayLike<number> | undefined,
  ): void {
    if (this.#overall.scores.length === 0) return;
    const { rows } = this.#memory;
    for (let row = 0; row < images;) {
      let found = 0;
      for (; row < images && found < rows.length; row += 1) {
        const weight = weights?.[firstImage + row] ?? 1;
        if (weight === 1) rows[found++] = row;
        else if (weight > 0) this.#addWeighted(values, row * classCount, firstImage + row, weight);
      }
      this.#addRows(values, rows.subarray(0, found), firstImage);
    }
  }

  /** The rankings, filled in. */
  finish(): Rankings {
    this.#emptyCells();
    for (const { starts, counted, tallied } of [this.#overall, this.#byClass]) {
      for (let group = 0; group < starts.length - 1; group += 1) {
        const [start, end] = [starts[group]!, starts[group + 1]!];
        counted.set(tallied.subarray(start + group + 1, end + group + 1), start);
      }
    }
    return { byClass: this.#byClass, overall: this.#overall };
  }

  #addRows(values: ScoreMatrix['values'], rows: Uint32Array, firstImage: number): void {
    const { keys, cells, noted } = this.#memory;
    const [overall, byClass, classCount] = [this.#overall, this.#byClass, keys.length];
    this.#held += rows.length * classCount;
    if (this.#held > MOST_HELD) this.#emptyCells();
    for (let at = 0; at < rows.length; at += 1) {
      const [start, image] = [rows[at]! * classCount, firstImage + rows[at]!];
      this.#keys.fill(keys, values, start, image);
      const own = cells.subarray(at * classCount, (at + 1) * classCount);
      const count = countRow(overall, keys, { own, shift: byClass.shift }, noted);
      for (let n = 0; n < count; n += 1) {
        const c = noted[n]!;
        this.#look(overall, 0, keys[c]!, values[start + c]!, image, 1);
      }
    }
    // Class by class: while these images are counted, its cells stay in the nearest memory.
    const count = countColumns(byClass, cells, rows.length, noted);
    for (let n = 0; n < count; n += 1) {
      const at = Math.floor(noted[n]! / classCount);
      const c = noted[n]! - at * classCount;
      const [value, image] = [values[rows[at]! * classCount + c]!, firstImage + rows[at]!];
      this.#look(byClass, c, this.#keys.keyOf(value, image), value, image, 1);
    }
  }

  /** Looks at each score: those in cells weigh 1. */
  #addWeighted(values: ScoreMatrix['values'], start: number, image: number, weight: number): void {
    const { keys } = this.#memory;
    this.#keys.fill(keys, values, start, image);
    for (let c = 0; c < keys.length; c += 1) {
      this.#look(this.#overall, 0, keys[c]!, values[start + c]!, image, weight);
      this.#look(this.#byClass, c, keys[c]!, values[start + c]!, image, weight);
    }
  }

  /** Counts a score above the last threshold that it reaches. */
  #look(
    { grid, shift, perGroup, spans, starts, places, scores, tallied }: Cells,
    group: number,
    key: number,
    value: number,
    image: number,
    weight: number,
  ): void {
    const place = placeOf(grid, key);
    const span = spans[group * perGroup + (place >> shift)]!;
    const first = span >>> SPAN_BITS;
    const inCell = span & MANY;
    const behind = place - places[first]!;
    if (inCell === 1 && (behind > grid.slack || behind < -grid.slack)) {
      // Without a branch, which would be guessed wrong every other time: -1 where it is below.
      tallied[first + group + 1 + (behind >> 31)]! += weight;
      return;
    }
    let low = first;
    let high = inCell === MANY ? starts[group + 1]! : first + inCell;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const above = place - places[middle]!;
      const isNear = above <= grid.slack && above >= -grid.slack;
      const reaches = isNear ? this.#keys.scoreOf(value, image) >= scores[middle]! : above > 0;
      if (reaches) low = middle + 1;
      else high = middle;
    }
    tallied[low + group]! += weight;
  }

  /** Scores in a cell without thresholds are above those of the cells before. */
  #emptyCells(): void {
    for (const { starts, perGroup, held, spans, tallied } of [this.#overall, this.#byClass]) {
      for (let group = 0; group < starts.length - 1; group += 1) {
        for (let cell = group * perGroup; cell < (group + 1) * perGroup; cell += 1) {
          const count = held[cell]!;
          if (count > 0) tallied[(spans[cell]! >>> SPAN_BITS) + group]! += count;
          held[cell] = count < 0 ? HAS_THRESHOLD : 0;
        }
      }
    }
    this.#held = 0;
  }
}

/** Cells per threshold. More would be passed over more often, but not stay in the nearest memory. */
const [CELLS_OVERALL, CELLS_OF_CLASS] = [4, 8];
const MOST_CELLS = 2 ** 17;

/** Cells are emptied before one could hold 2^31. */
const MOST_HELD = 2 ** 30;

/** The least power of two that is at least `wanted`, up to a largest one. */
function powerOfTwo(wanted: number, most: number): number {
  return Math.min(most, 2 ** Math.ceil(Math.log2(Math.max(2, wanted))));
}

/** Where keys are in their range, as whole numbers of {@link PLACE_BITS} bits: `key * scale - origin`. */
interface Grid {
  scale: number;
  origin: number;
  /** Of places no further apart than this it is not known which score is larger. */
  slack: number;
}

const PLACE_BITS = 30;
const LAST_PLACE = 2 ** PLACE_BITS - 1;

/** @param keys of the thresholds, in any order @param margin of the keys */
function gridOf(keys: Float64Array, margin: number): Grid {
  const lowest = keys.reduce((a, b) => Math.min(a, b), Infinity);
  const highest = keys.reduce((a, b) => Math.max(a, b), -Infinity);
  // Halves, as the difference may be more than the largest number. What is below the lowest threshold
  // has a few cells of its own, in which nothing is looked at.
  const perUnit = ((1 - BELOW) * LAST_PLACE) / 2 / (highest / 2 - lowest / 2);
  const scale = Number.isFinite(perUnit) && Number.isFinite(lowest * perUnit) ? perUnit : 1;
  const origin = lowest * scale - BELOW * LAST_PLACE;
  const slack = margin === 0 ? 0 : Math.min(Math.ceil(margin * scale) + 1, LAST_PLACE);
  return { scale, origin, slack };
}

/** The part of places that is below the lowest threshold. */
const BELOW = 2 ** -6;

/** Rises with the key. */
function placeOf({ scale, origin }: Grid, key: number): number {
  return Math.max(0, Math.min(key * scale - origin, LAST_PLACE)) | 0;
}

/** Thresholds, with the scores that are held in the cells between them. */
interface Cells extends Thresholds {
  readonly grid: Grid;
  readonly places: Int32Array;
  /** Place p is in cell `p >> shift` of a group. */
  readonly shift: number;
  /** Cell c of group g is `g * perGroup + c`. */
  readonly perGroup: number;
  /** How many scores; below 0 for a cell that has a threshold, whose scores are looked at. */
  readonly held: Int32Array;
  /**
   * In the upper bits the first threshold that is in the cell or above it, in the others how many are
   * in it; {@link MANY} may be more.
   */
  readonly spans: Uint32Array;
  /** What is counted below the first threshold t of group g, at `t + g`, and from each one up behind it. */
  readonly tallied: Float64Array;
}

const HAS_THRESHOLD = -(2 ** 31);
const SPAN_BITS = 3;
const MANY = 2 ** SPAN_BITS - 1;

/** @param perGroup a power of two */
function newCells(thresholds: Thresholds, grid: Grid, perGroup: number): Cells {
  const { starts, keys } = thresholds;
  const groups = starts.length - 1;
  const shift = PLACE_BITS - Math.log2(perGroup);
  const places = Int32Array.from(keys, (key) => placeOf(grid, key));
  const held = new Int32Array(groups * perGroup);
  const spans = new Uint32Array(groups * perGroup);
  for (let group = 0; group < groups; group += 1) {
    const end = starts[group + 1]!;
    let [first, next] = [starts[group]!, starts[group]!];
    for (let cell = 0; cell < perGroup; cell += 1) {
      // A threshold is in each cell that has places next to its own.
      while (first < end && (places[first]! + grid.slack) >> shift < cell) first += 1;
      while (next < end && (places[next]! - grid.slack) >> shift <= cell) next += 1;
      const at = group * perGroup + cell;
      spans[at] = (first << SPAN_BITS) | Math.min(next - first, MANY);
      if (next > first) held[at] = HAS_THRESHOLD;
    }
  }
  const tallied = new Float64Array(keys.length + groups);
  return { ...thresholds, grid, places, shift, perGroup, held, spans, tallied };
}

/** For some images at once; used again for the next. */
interface Memory {
  /** Which images of the batch these are. */
  rows: Uint32Array;
  /** Of one of them. */
  keys: Float64Array;
  /** Of all their scores the cell in the ranking of the class, [rows x classes]. */
  cells: Uint16Array;
  /** The scores to look at. */
  noted: Uint32Array;
}

/** Images that are counted at once have so many scores, and are so many at most. */
const [BLOCK_SCORES, BLOCK_ROWS] = [2 ** 18, 256];

function newMemory(classCount: number): Memory {
  const rows = Math.max(1, Math.min(BLOCK_ROWS, Math.floor(BLOCK_SCORES / classCount)));
  return {
    rows: new Uint32Array(rows),
    keys: new Float64Array(classCount),
    cells: new Uint16Array(rows * classCount),
    noted: new Uint32Array(rows * classCount),
  };
}

/**
 * Counts an image's scores in the cells of everything.
 * @param ofClasses gets the cells in the rankings of classes
 * @param noted gets the classes to look at
 * @returns how many these are
 */
function countRow(
  { grid: { scale, origin }, shift, held }: Cells,
  keys: Float64Array,
  ofClasses: { own: Uint16Array; shift: number },
  noted: Uint32Array,
): number {
  const { own, shift: ownShift } = ofClasses;
  let count = 0;
  for (let c = 0; c < keys.length; c += 1) {
    const place = Math.max(0, Math.min(keys[c]! * scale - origin, LAST_PLACE)) | 0; // as `placeOf`
    const cell = place >> shift;
    const now = (held[cell]! + 1) | 0;
    held[cell] = now;
    noted[count] = c;
    count += now >>> 31;
    own[c] = place >> ownShift;
  }
  return count;
}

/**
 * Counts the scores of some images in the cells of their classes.
 * @param cells of each, [rows x classes]
 * @param noted gets the positions in `cells` to look at
 * @returns how many these are
 */
function countColumns(
  { starts, perGroup, held }: Cells,
  cells: Uint16Array,
  rows: number,
  noted: Uint32Array,
): number {
  const classCount = starts.length - 1;
  let count = 0;
  for (let c = 0; c < classCount; c += 1) {
    for (let row = 0, at = c; row < rows; row += 1, at += classCount) {
      const cell = c * perGroup + cells[at]!;
      const now = (held[cell]! + 1) | 0;
      held[cell] = now;
      noted[count] = at;
      count += now >>> 31;
    }
  }
  return count;
}
