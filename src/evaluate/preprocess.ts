import { setFloat16 } from '@petamoriken/float16';
import { decodeImage } from '../image/decode.js';
import { type Kernel, resizeSync } from '../image/resize.js';
import { type PlainKernel, resizePlain } from '../image/resize-plain.js';
import { openPnmCopier, type PnmImage, type RgbImage } from '../image/rgb-image.js';
import { inputSize } from './input-size.js';
import type { ModelCard, Preprocessing } from './model-card.js';
import { type ResizeGeometry, resizeGeometry } from './resize-geometry.js';

/** The element types that models take; `float16` as its bits. */
export type InputType = 'float32' | 'float16' | 'uint8';
export type InputValues = Float32Array | Uint16Array | Uint8Array;

/** Writes one image's values at the start of `target`, 3 x height x width of them. */
export type Preprocessor = (bytes: Buffer, target: InputValues) => Promise<void>;

/** A preprocessor: decodes, resizes, crops and normalises as PyTorch's loaders do. */
export function openPreprocessor(preprocessing: Preprocessing, type: InputType): Preprocessor {
  const { input, resize } = preprocessing;
  const size = inputSize(input);
  const values = valueTables(input, type);
  const toPnm = openPnmCopier();
  return async (bytes, target) => {
    const image = await decodeImage(bytes);
    const geometry = resizeGeometry([image.width, image.height], preprocessing);
    const scaled = scale(image, geometry, resize, toPnm);
    const fill = resize.mode === 'letterbox' ? resize.fill : 0;
    const cut = { ...scaled, x: geometry.crop[0], y: geometry.crop[1], fill };
    writeValues(cut, size, values, input, target);
  };
}

/** Elements of one image. */
export function valuesPerImage(input: ModelCard['input']): number {
  const [width, height] = inputSize(input);
  return 3 * width * height;
}

/** An array of a type's elements. */
export function newValues(type: InputType, length: number): InputValues {
  if (type === 'float32') return new Float32Array(length);
  return type === 'float16' ? new Uint16Array(length) : new Uint8Array(length);
}

/** Pixels, `step` bytes from one to the next: RGB, or RGBA as the resizer gives it. */
interface Pixels {
  width: number;
  height: number;
  data: Buffer;
  step: 3 | 4;
}

const KERNELS: Record<Exclude<ModelCard['resize']['interpolation'], 'nearest'>, Kernel> = {
  bilinear: 'bilinear',
  bicubic: 'bicubic',
  lanczos: 'lanczos3',
  box: 'box',
  hamming: 'hamming',
};

function scale(
  image: RgbImage,
  { scaled: [width, height] }: ResizeGeometry,
  { interpolation, antialias }: ModelCard['resize'],
  toPnm: (image: RgbImage) => PnmImage,
): Pixels {
  if (image.width === width && image.height === height) return { ...image, step: 3 };
  if (!antialias || interpolation === 'nearest') {
    return { ...resizePlain(image, width, height, interpolation as PlainKernel), step: 3 };
  }
  return { ...resizeSync(toPnm(image), width, height, KERNELS[interpolation]), step: 4 };
}

/** What a pixel's value becomes, for the first, second and third channel of the model. */
type ValueTables = readonly [InputValues, InputValues, InputValues];

function valueTables({ scale, mean, std }: ModelCard['input'], type: InputType): ValueTables {
  return [0, 1, 2].map((channel) => {
    const exact = Float64Array.from(
      { length: 256 },
      (_, pixel) => (pixel * scale - mean[channel]!) / std[channel]!,
    );
    if (type === 'float32') return Float32Array.from(exact);
    if (type === 'uint8') return Uint8Array.from(exact);
    const bits = new DataView(new ArrayBuffer(512));
    exact.forEach((value, pixel) => {
      setFloat16(bits, 2 * pixel, value, true);
    });
    return Uint16Array.from(exact, (_, pixel) => bits.getUint16(2 * pixel, true));
  }) as unknown as ValueTables;
}

/** A window of pixels whose upper left corner is at (x, y); outside of them lies `fill`. */
interface Window extends Pixels {
  x: number;
  y: number;
  fill: number;
}

function writeValues(
  window: Window,
  [width, height]: readonly [number, number],
  tables: ValueTables,
  { layout, channels }: ModelCard['input'],
  target: InputValues,
): void {
  const isPlanar = layout === 'NCHW';
  const stride = isPlanar ? 1 : 3;
  const left = Math.max(0, -window.x);
  const right = Math.min(width, window.width - window.x);
  for (const [channel, values] of tables.entries()) {
    const byte = channels === 'RGB' ? channel : 2 - channel;
    const start = isPlanar ? channel * width * height : channel;
    const isFilled = right - left < width || window.y < 0 || window.y + height > window.height;
    if (isFilled) fillChannel(target, start, stride, width * height, values[window.fill]!);
    const first = Math.max(0, -window.y);
    const last = Math.min(height, window.height - window.y);
    for (let y = first; y < last; y += 1) {
      const from = ((window.y + y) * window.width + window.x + left) * window.step + byte;
      const at = start + (y * width + left) * stride;
      writeRow(window.data, from, window.step, values, target, at, stride, right - left);
    }
  }
}

function fillChannel(
  target: InputValues,
  start: number,
  stride: number,
  count: number,
  value: number,
): void {
  for (let at = start, end = start + count * stride; at < end; at += stride) target[at] = value;
}

/** The one loop over pixels: a look-up for each sample. */
function writeRow(
  data: Buffer,
  from: number,
  step: number,
  values: InputValues,
  target: InputValues,
  at: number,
  stride: number,
  count: number,
): void {
  for (let left = count; left > 0; left -= 1, from += step, at += stride) {
    target[at] = values[data[from]!]!;
  }
}
