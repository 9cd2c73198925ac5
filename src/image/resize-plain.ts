import type { RgbImage } from './pixels.js';

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
