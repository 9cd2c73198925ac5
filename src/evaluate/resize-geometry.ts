import type { PixelBox, Size } from '../image/box.js';
import { inputSize } from './input-size.js';
import type { ModelCard, Preprocessing } from './model-card.js';

/** How one image is brought to a model's input size. */
export interface ResizeGeometry {
  /** The size the image is scaled to. */
  scaled: Size;
  /** The part of the scaled image that is used; it reaches out of it where it is smaller. */
  crop: PixelBox;
}

/**
 * The geometry that torchvision and timm give: the shorter side becomes floor(size / cropFraction),
 * the longer one is cut to whole pixels, and the crop is central, halves rounded to even.
 * @param image the image's width and height, px
 */
export function resizeGeometry(
  [width, height]: Size,
  { input, resize }: Preprocessing,
): ResizeGeometry {
  const target = inputSize(input);
  const [fullWidth, fullHeight] = target.map((side) => Math.floor(side / resize.cropFraction)) as [
    number,
    number,
  ];
  const scaled = scaledSize([width, height], [fullWidth, fullHeight], resize.mode);
  const x = offset(scaled[0], target[0], resize.mode);
  const y = offset(scaled[1], target[1], resize.mode);
  return { scaled, crop: [x, y, x + target[0], y + target[1]] };
}

type Mode = ModelCard['resize']['mode'];

function scaledSize([width, height]: Size, full: Size, mode: Mode): Size {
  if (mode === 'squash') return full;
  const ratios = [full[0] / width, full[1] / height] as const;
  if (mode === 'letterbox') {
    const ratio = Math.min(...ratios);
    return [width, height].map((side) => Math.max(1, roundHalfToEven(side * ratio))) as [
      number,
      number,
    ];
  }
  if (full[0] !== full[1]) {
    const ratio = Math.max(...ratios);
    return [
      Math.max(full[0], Math.round(width * ratio)),
      Math.max(full[1], Math.round(height * ratio)),
    ];
  }
  const side = full[0];
  return width <= height
    ? [side, Math.floor((side * height) / width)]
    : [Math.floor((side * width) / height), side];
}

function offset(scaled: number, target: number, mode: Mode): number {
  if (mode === 'letterbox') return 0 - Math.floor((target - scaled) / 2);
  return roundHalfToEven((scaled - target) / 2);
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
