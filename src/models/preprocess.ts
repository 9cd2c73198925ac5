import { setFloat16 } from '@petamoriken/float16';
import type { PixelBox, Size } from '../image/box.js';
import { decodeImage, decodeInKernel, readImageHeader } from '../image/decode.js';
import {
  type ImageKernel,
  type Resizing,
  threadKernel,
  type ValueFormat,
} from '../image/kernel/kernel.js';
import { type PlainKernel, resizePlain } from '../image/resize-plain.js';
import { inputSize, type ModelCard, type Preprocessing } from './card.js';

/** The element types that models take; `float16` as its bits. */
export type InputType = 'float32' | 'float16' | 'uint8';
export type InputValues = Float32Array | Uint16Array | Uint8Array;

/** Writes one image's values at the start of `target`, 3 x height x width of them. */
export type Preprocessor = (bytes: Buffer, target: InputValues) => Promise<void>;

/** A preprocessor: decodes, resizes, crops and normalises as PyTorch's loaders do. */
export function openPreprocessor(preprocessing: Preprocessing, type: InputType): Preprocessor {
  const { input, resize } = preprocessing;
  const format: ValueFormat = {
    tables: valueTables(input, type),
    layout: input.layout,
    channels: input.channels,
    fill: fillOf(resize),
  };
  return async (bytes, target) => {
    const header = await readImageHeader(bytes);
    const { scaled, crop } = resizeGeometry(header.size, preprocessing);
    const window = overlap(crop, scaled);
    const corner = [crop[0] - window[0], crop[1] - window[1]] as const;
    const write = (kernel: ImageKernel, resizing: Resizing): void => {
      kernel.resize(resizing);
      kernel.writeValues({ size: inputSize(input), corner }, format, target);
    };
    if (!resize.antialias) {
      const whole = await decodeImage(bytes);
      const image = resizePlain(whole, ...scaled, resize.interpolation as PlainKernel);
      const kernel = threadKernel();
      kernel.bring(image).set(image.data);
      write(kernel, { from: scaled, size: scaled, window, filter: 'nearest' });
      return;
    }
    const { interpolation: filter, pillow } = resize;
    const resizing: Resizing = { from: header.size, size: scaled, window, filter, pillow };
    const needed = threadKernel().neededBox(resizing);
    await decodeInKernel(bytes, needed, header, (kernel) => {
      write(kernel, resizing);
    });
  };
}

/** The part of a crop that is in the image. */
function overlap([x0, y0, x1, y1]: PixelBox, [width, height]: Size): PixelBox {
  return [Math.max(0, x0), Math.max(0, y0), Math.min(width, x1), Math.min(height, y1)];
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

/** What each level becomes, for each channel of the model. */
function valueTables(
  { scale, mean, std }: ModelCard['input'],
  type: InputType,
): ValueFormat['tables'] {
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
  }) as unknown as ValueFormat['tables'];
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
