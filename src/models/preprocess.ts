import { setFloat16 } from '@petamoriken/float16';
import type { PixelBox, Size } from '../image/box.js';
import { decodeImage } from '../image/decode.js';
import {
  type PlainKernel,
  resizeNearest,
  resizePlain,
  resizeWindow,
} from '../image/pillow-resize.js';
import type { RgbImage } from '../image/pixels.js';
import { inputSize, type ModelCard, type Preprocessing } from './card.js';

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
  return async (bytes, target) => {
    const image = await decodeImage(bytes);
    const geometry = resizeGeometry([image.width, image.height], preprocessing);
    writeValues(scale(image, geometry, resize), fillOf(resize), size, values, input, target);
  };
}

/** The level around the image, for the first, second and third channel of the model. */
function fillOf({ mode, fill }: ModelCard['resize']): readonly [number, number, number] {
  if (mode !== 'letterbox') return [0, 0, 0];
  return typeof fill === 'number' ? [fill, fill, fill] : fill;
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

/** The part of the scaled image that the crop needs, and where in the crop it lies. */
function scale(
  image: RgbImage,
  { scaled: [width, height], crop: [x0, y0, x1, y1] }: ResizeGeometry,
  { interpolation, antialias, pillow }: ModelCard['resize'],
): Window {
  if (image.width === width && image.height === height) return { ...image, x: x0, y: y0 };
  if (antialias && interpolation === 'nearest') {
    return { ...resizeNearest(image, width, height), x: x0, y: y0 };
  }
  if (!antialias || interpolation === 'nearest') {
    const plain = resizePlain(image, width, height, interpolation as PlainKernel);
    return { ...plain, x: x0, y: y0 };
  }
  const window = [
    Math.max(0, x0),
    Math.max(0, y0),
    Math.min(width, x1),
    Math.min(height, y1),
  ] as const;
  const part = resizeWindow(image, [width, height], interpolation, window, pillow);
  return { ...part, x: x0 - window[0], y: y0 - window[1] };
}

/** What a pixel's value becomes, for the first, second and third channel of the model. */
type ValueTables = readonly [InputValues, InputValues, InputValues];

function valueTables({ scale, mean, std }: ModelCard['input'], type: InputType): ValueTables {
  return [0, 1, 2].map((channel) => {
    const { fround } = Math; // each step rounded to float32, as PyTorch's are
    const exact = Float64Array.from({ length: 256 }, (_, pixel) =>
      fround(fround(fround(pixel * scale) - fround(mean[channel]!)) / fround(std[channel]!)),
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

/** Pixels of which the crop's upper left corner is at (x, y), which may lie outside. */
interface Window extends RgbImage {
  x: number;
  y: number;
}

function writeValues(
  window: Window,
  fill: readonly [number, number, number],
  [width, height]: readonly [number, number],
  tables: ValueTables,
  { layout, channels }: ModelCard['input'],
  target: InputValues,
): void {
  const isPlanar = layout === 'NCHW';
  const stride = isPlanar ? 1 : 3;
  const left = Math.max(0, -window.x);
  const right = Math.min(width, window.width - window.x);
  const isFilled = right - left < width || window.y < 0 || window.y + height > window.height;
  for (const [channel, values] of tables.entries()) {
    const byte = channels === 'RGB' ? channel : 2 - channel;
    const start = isPlanar ? channel * width * height : channel;
    if (isFilled) fillChannel(target, start, stride, width * height, values[fill[channel]!]!);
    const first = Math.max(0, -window.y);
    const last = Math.min(height, window.height - window.y);
    for (let y = first; y < last; y += 1) {
      const from = ((window.y + y) * window.width + window.x + left) * 3 + byte;
      const at = start + (y * width + left) * stride;
      writeRow(window.data, from, values, target, at, stride, right - left);
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
  values: InputValues,
  target: InputValues,
  at: number,
  stride: number,
  count: number,
): void {
  for (let left = count; left > 0; left -= 1, from += 3, at += stride) {
    target[at] = values[data[from]!]!;
  }
}

/** How one image is brought to a model's input size. */
export interface ResizeGeometry {
  /** The size the image is scaled to. */
  scaled: Size;
  /** The part of the scaled image that is used; it reaches out of it where it is smaller. */
  crop: PixelBox;
}

/**
 * The geometry that torchvision, timm and Hugging Face give: the shorter side becomes `to`, or
 * floor(size / cropFraction), the longer one is cut to whole pixels, and the crop is central.
 * @param image the image's width and height, px
 */
export function resizeGeometry(image: Size, { input, resize }: Preprocessing): ResizeGeometry {
  const target = inputSize(input);
  const scaled = scaledSize(image, target, resize);
  const x = offset(scaled[0], target[0], resize.crop);
  const y = offset(scaled[1], target[1], resize.crop);
  return { scaled, crop: [x, y, x + target[0], y + target[1]] };
}

function scaledSize(image: Size, target: Size, resize: ModelCard['resize']): Size {
  const { mode, to, cropFraction = 1, longest } = resize;
  if (mode === 'none') return image;
  const full =
    to === undefined
      ? ([Math.floor(target[0] / cropFraction), Math.floor(target[1] / cropFraction)] as const)
      : inputSize({ size: to });
  if (mode === 'squash') return full;
  if (mode === 'letterbox') return keepRatio(image, full, Math.max);
  if (full[0] !== full[1]) return keepRatio(image, full, Math.min);
  return longest === undefined
    ? scaleShorter(image, full[0])
    : scaleWithin(image, full[0], longest);
}

/** Source: timm's ResizeKeepRatio. */
function keepRatio(
  [width, height]: Size,
  full: Size,
  choose: (...ratios: number[]) => number,
): Size {
  const ratio = choose(width / full[0], height / full[1]);
  return [
    Math.max(1, roundHalfToEven(width / ratio)),
    Math.max(1, roundHalfToEven(height / ratio)),
  ];
}

/** Source: torchvision's Resize of one number. */
function scaleShorter([width, height]: Size, side: number): Size {
  return width <= height
    ? [side, Math.floor((side * height) / width)]
    : [Math.floor((side * width) / height), side];
}

/** Source: transformers' get_size_with_aspect_ratio, whose rounding is its own. */
function scaleWithin([width, height]: Size, side: number, longest: number): Size {
  const [least, most] = [Math.min(width, height), Math.max(width, height)];
  if ((most / least) * side <= longest) return scaleShorter([width, height], side);
  const exact = (longest * least) / most;
  const shorter = roundHalfToEven(exact);
  if (least === shorter) return [width, height];
  return width < height
    ? [shorter, Math.floor((exact * height) / width)]
    : [Math.floor((exact * width) / height), shorter];
}

/** Where a crop begins on a side; below 0 where the image is smaller and has to be padded. */
function offset(
  scaled: number,
  target: number,
  rounding: ModelCard['resize']['crop'] = 'half-even',
): number {
  const half = (scaled - target) / 2;
  if (rounding === 'floor') return Math.floor(half);
  // Padding puts the odd pixel behind the image, which is cutting half a pixel off here.
  const rounded = rounding === 'half-even' && half > 0 ? roundHalfToEven(half) : Math.trunc(half);
  return rounded + 0; // no -0
}

/** Rounds as Python does. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
