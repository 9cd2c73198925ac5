import type { CardDraft } from './card.js';

/** The usual sets of preprocessing, by the name of who trained with them. */
export const PRESETS = ['torchvision', 'timm', 'inception', 'clip', 'tf'] as const;
export type Preset = (typeof PRESETS)[number];

const RGB = { channels: 'RGB', scale: 1 / 255, antialias: true } as const;
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/**
 * What a preset stands for; the size is the model's own.
 *
 * - `torchvision`: its ResNets of 2016 (256, then 224 of it) with ImageNet's mean and std
 * - `timm`: its defaults, bicubic in place of bilinear
 * - `inception`: timm's for Inception: mean and std 0.5
 * - `clip`: CLIP's: bicubic, the largest central square, a mean and std of its own
 * - `tf`: `tf.image.resize` to the size, whatever the aspect, and values from -1 to 1
 */
export function presetDraft(preset: Preset): CardDraft {
  return SETS[preset];
}

const SETS: Record<Preset, CardDraft> = {
  torchvision: {
    ...RGB,
    ...IMAGENET,
    mode: 'shorter-side',
    interpolation: 'bilinear',
    cropFraction: 0.875,
  },
  timm: {
    ...RGB,
    ...IMAGENET,
    mode: 'shorter-side',
    interpolation: 'bicubic',
    cropFraction: 0.875,
  },
  inception: {
    ...RGB,
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
    mode: 'shorter-side',
    interpolation: 'bicubic',
    cropFraction: 0.875,
  },
  clip: {
    ...RGB,
    mean: [0.48145466, 0.4578275, 0.40821073],
    std: [0.26862954, 0.26130258, 0.27577711],
    mode: 'shorter-side',
    interpolation: 'bicubic',
    cropFraction: 1,
  },
  tf: {
    channels: 'RGB',
    scale: 1 / 127.5,
    mean: [1, 1, 1],
    std: [1, 1, 1],
    mode: 'squash',
    interpolation: 'bilinear',
    antialias: false,
    cropFraction: 1,
  },
};
