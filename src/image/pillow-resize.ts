import type { PixelBox } from './box.js';
import type { RgbImage } from './pixels.js';

/** A resampling filter that widens as the image shrinks, by Pillow's name for it. */
export type WindowKernel = 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos';

/** A major version of Pillow: 13 changed the order of the two passes. */
export type PillowVersion = 12 | 13;

/**
 * Resizes exactly as `PIL.Image.resize` does for 8-bit images, level for level, and gives only the
 * part of the result that is asked for. A quantised model can turn one level into another class, so
 * what a model is shown is not resized by a faster resizer that is a level off here and there.
 *
 * Source: Pillow's Resample.c: weights of 22 bits, rounded to 8 bits between the two passes. The
 * columns are scaled first; from Pillow 13 on the rows, where the height shrinks by more than twice
 * what the width does.
 *
 * @param size of the whole result, px
 * @param window the part of it, inside of it
 */
export function resizeWindow(
  image: RgbImage,
  [width, height]: readonly [width: number, height: number],
  kernel: WindowKernel,
  [x0, y0, x1, y1]: PixelBox,
  pillow: PillowVersion = 13,
): RgbImage {
  const columns = weightsOf(image.width, width, x0, x1, kernel);
  const rows = weightsOf(image.height, height, y0, y1, kernel);
  const keepsRows = image.height === height;
  const keepsColumns = image.width === width;
  const [first, end] = keepsRows ? [y0, y1] : rangeOf(rows);
  const lost = image.height - height;
  const size = { width: x1 - x0, height: y1 - y0 };
  if (pillow >= 13 && !keepsColumns && lost > 0 && lost > 2 * (image.width - width)) {
    const [left, right] = rangeOf(columns);
    const cut = cutColumns(image, left, right, first, end);
    const flat = scaleRows(cut, 3 * (right - left), rows, first);
    const starts = columns.starts.map((start) => start - left);
    const part = { width: right - left, height: size.height, data: flat };
    return { ...size, data: scaleColumns(part, { ...columns, starts }, 0, size.height) };
  }
  const narrow = keepsColumns
    ? cutColumns(image, x0, x1, first, end)
    : scaleColumns(image, columns, first, end);
  return { ...size, data: keepsRows ? narrow : scaleRows(narrow, 3 * size.width, rows, first) };
}

/** The old pixels that the new ones are made of: the first, and the one after the last. */
function rangeOf({ starts, counts }: Weights): [number, number] {
  return [starts[0]!, starts.at(-1)! + counts.at(-1)!];
}

/** Takes for each new pixel the old one that its centre lies in, as `PIL.Image.resize` does. */
export function resizeNearest(image: RgbImage, width: number, height: number): RgbImage {
  const columns = nearestOf(image.width, width);
  const rows = nearestOf(image.height, height);
  const data = Buffer.allocUnsafe(3 * width * height);
  let out = 0;
  for (let y = 0; y < height; y += 1) {
    const row = rows[y]! * image.width;
    for (let x = 0; x < width; x += 1, out += 3) {
      const from = 3 * (row + columns[x]!);
      data[out] = image.data[from]!;
      data[out + 1] = image.data[from + 1]!;
      data[out + 2] = image.data[from + 2]!;
    }
  }
  return { width, height, data };
}

/** Source: Pillow's Geometry.c, which adds the step up, pixel by pixel. */
function nearestOf(from: number, to: number): Int32Array {
  const step = from / to;
  const places = new Int32Array(to);
  for (let at = 0, place = step * 0.5; at < to; at += 1, place += step) {
    places[at] = Math.min(from - 1, Math.trunc(place));
  }
  return places;
}

/** For each new pixel of a side: where the old ones begin that make it, how many, their weights. */
interface Weights {
  starts: Int32Array;
  counts: Int32Array;
  /** `most` a new pixel, of which its first `counts` are used; 2^22 is 1. */
  values: Int32Array;
  most: number;
}

const BITS = 22;
const HALF = 1 << (BITS - 1);

function weightsOf(
  from: number,
  to: number,
  first: number,
  end: number,
  kernel: WindowKernel,
): Weights {
  const { support, weigh } = KERNELS[kernel];
  const scale = from / to;
  const widening = Math.max(1, scale);
  const reach = support * widening;
  const most = 2 * Math.ceil(reach) + 1;
  const starts = new Int32Array(end - first);
  const counts = new Int32Array(end - first);
  const values = new Int32Array(most * (end - first));
  for (let at = first; at < end; at += 1) {
    const centre = (at + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - reach + 0.5));
    const count = Math.min(from, Math.trunc(centre + reach + 0.5)) - start;
    const exact = Array.from({ length: count }, (_, tap) =>
      weigh((tap + start - centre + 0.5) * (1 / widening)),
    );
    const sum = exact.reduce((total, weight) => total + weight, 0);
    starts[at - first] = start;
    counts[at - first] = count;
    exact.forEach((weight, tap) => {
      const share = (sum === 0 ? weight : weight / sum) * (1 << BITS);
      values[most * (at - first) + tap] = Math.trunc(share + (share < 0 ? -0.5 : 0.5));
    });
  }
  return { starts, counts, values, most };
}

const KERNELS: Record<WindowKernel, { support: number; weigh: (x: number) => number }> = {
  box: { support: 0.5, weigh: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weigh: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weigh: weighHamming },
  bicubic: { support: 2, weigh: weighCubic },
  lanczos: { support: 3, weigh: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

function weighHamming(x: number): number {
  const t = Math.abs(x);
  if (t === 0) return 1;
  return t >= 1 ? 0 : sinc(t) * (0.54 + 0.46 * Math.cos(t * Math.PI));
}

/** Keys' cubic convolution with a = -0.5. */
function weighCubic(x: number): number {
  const a = -0.5;
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

function cutColumns(image: RgbImage, x0: number, x1: number, first: number, end: number): Buffer {
  const length = 3 * (x1 - x0);
  const cut = Buffer.allocUnsafe(length * (end - first));
  for (let y = first; y < end; y += 1) {
    const from = 3 * (y * image.width + x0);
    image.data.copy(cut, length * (y - first), from, from + length);
  }
  return cut;
}

/** The rows `first` to `end` - 1, each scaled by itself. */
function scaleColumns(
  { width, data }: RgbImage,
  { starts, counts, values, most }: Weights,
  first: number,
  end: number,
): Buffer {
  const scaled = Buffer.allocUnsafe(3 * starts.length * (end - first));
  const clamped = clampedOver(scaled);
  let out = 0;
  for (let y = first; y < end; y += 1) {
    for (let x = 0; x < starts.length; x += 1) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      let from = 3 * (y * width + starts[x]!);
      const tapsEnd = most * x + counts[x]!;
      for (let tap = most * x; tap < tapsEnd; tap += 1, from += 3) {
        const weight = values[tap]!;
        red += data[from]! * weight;
        green += data[from + 1]! * weight;
        blue += data[from + 2]! * weight;
      }
      clamped[out] = red >> BITS;
      clamped[out + 1] = green >> BITS;
      clamped[out + 2] = blue >> BITS;
      out += 3;
    }
  }
  return scaled;
}

/** @param offset the row of the image that the first of `data` is */
function scaleRows(
  data: Buffer,
  length: number,
  { starts, counts, values, most }: Weights,
  offset: number,
): Buffer {
  const scaled = Buffer.allocUnsafe(length * starts.length);
  const clamped = clampedOver(scaled);
  const sums = new Int32Array(length);
  for (let y = 0; y < starts.length; y += 1) {
    sums.fill(HALF);
    for (let tap = 0; tap < counts[y]!; tap += 1) {
      const weight = values[most * y + tap]!;
      const from = length * (starts[y]! - offset + tap);
      for (let x = 0; x < length; x += 1) sums[x]! += data[from + x]! * weight;
    }
    for (let x = 0; x < length; x += 1) clamped[length * y + x] = sums[x]! >> BITS;
  }
  return scaled;
}

/** The same memory, in which levels below 0 and above 255 become these. */
function clampedOver({ buffer, byteOffset, length }: Buffer): Uint8ClampedArray {
  return new Uint8ClampedArray(buffer, byteOffset, length);
}

/** A filter that looks at a fixed number of pixels, however much the image shrinks. */
export type PlainKernel = 'nearest' | 'bilinear' | 'bicubic';

/** For one side: which pixels make each new one (`taps` of them), and their weights. */
interface Taps {
  taps: number;
  positions: Int32Array;
  weights: Float32Array;
}

/**
 * Resizes without antialiasing, as `torch.nn.functional.interpolate(align_corners=False)` does; its
 * bicubic has a = -0.75. For models that were trained so; nothing else wants it.
 */
export function resizePlain(
  image: RgbImage,
  width: number,
  height: number,
  kernel: PlainKernel,
): RgbImage {
  const columns = tapsOf(image.width, width, kernel);
  const rows = tapsOf(image.height, height, kernel);
  const narrow = new Float32Array(3 * width * image.height);
  for (let y = 0; y < image.height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (let tap = x * columns.taps; tap < (x + 1) * columns.taps; tap += 1) {
        const from = 3 * (y * image.width + columns.positions[tap]!);
        const weight = columns.weights[tap]!;
        for (let c = 0; c < 3; c += 1) {
          narrow[3 * (y * width + x) + c]! += weight * image.data[from + c]!;
        }
      }
    }
  }
  const data = Buffer.allocUnsafeSlow(3 * width * height);
  const row = new Float32Array(3 * width);
  for (let y = 0; y < height; y += 1) {
    row.fill(0);
    for (let tap = y * rows.taps; tap < (y + 1) * rows.taps; tap += 1) {
      const from = 3 * width * rows.positions[tap]!;
      const weight = rows.weights[tap]!;
      for (let at = 0; at < row.length; at += 1) row[at]! += weight * narrow[from + at]!;
    }
    for (let at = 0; at < row.length; at += 1) {
      data[3 * width * y + at] = Math.min(255, Math.max(0, Math.round(row[at]!)));
    }
  }
  return { width, height, data };
}

function tapsOf(from: number, to: number, kernel: PlainKernel): Taps {
  const weigh = { nearest: () => [1], bilinear: linearWeights, bicubic: cubicWeights }[kernel];
  const taps = { nearest: 1, bilinear: 2, bicubic: 4 }[kernel];
  const positions = new Int32Array(taps * to);
  const weights = new Float32Array(taps * to);
  for (let at = 0; at < to; at += 1) {
    const place =
      kernel === 'nearest' ? Math.floor((at * from) / to) : ((at + 0.5) * from) / to - 0.5;
    const start = kernel === 'bilinear' ? Math.max(0, place) : place;
    const first = Math.floor(start) - (kernel === 'bicubic' ? 1 : 0);
    weigh(start - Math.floor(start)).forEach((weight, tap) => {
      positions[taps * at + tap] = Math.min(from - 1, Math.max(0, first + tap));
      weights[taps * at + tap] = weight;
    });
  }
  return { taps, positions, weights };
}

function linearWeights(t: number): number[] {
  return [1 - t, t];
}

/** Keys' cubic convolution with a = -0.75. */
function cubicWeights(t: number): number[] {
  const a = -0.75;
  const near = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}
