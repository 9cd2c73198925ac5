import { z } from 'zod';
import type { CardDraft } from './card.js';
import { dropNulls, invalidConfig, requireKnownKeys, toTriple } from './config-fields.js';

const pixels = z.int().min(1).max(4096);

/** What an image is scaled or cut to, in the forms that there have been. */
const sides = z.union(
  [
    pixels,
    z.tuple([pixels, pixels]),
    z.strictObject({ height: pixels, width: pixels }),
    z.strictObject({ shortest_edge: pixels, longest_edge: pixels.nullish() }),
  ],
  'expected a side, [height, width], height and width, or shortest_edge with or without longest_edge',
);

const perChannel = z.union([z.number(), z.array(z.number()).length(3)]);

/** Pillow's numbers of its filters, and the words for them. */
const FILTERS = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const;

const resample = z
  .union([z.int(), z.string()])
  .transform((value) =>
    typeof value === 'number'
      ? FILTERS[value]
      : FILTERS.find((filter) => filter === value.split('.').at(-1)!.toLowerCase()),
  )
  .refine((filter) => filter !== undefined, 'expected 0 to 5, or the name of a filter');

const fields = z
  .object({
    do_resize: z.boolean(),
    size: sides,
    default_to_square: z.boolean(),
    resample,
    crop_pct: z.number().positive(),
    do_center_crop: z.boolean(),
    crop_size: sides,
    do_rescale: z.boolean(),
    rescale_factor: z.number().positive(),
    rescale_offset: z.boolean(),
    do_normalize: z.boolean(),
    image_mean: perChannel,
    image_std: perChannel,
    include_top: z.boolean(),
    do_flip_channel_order: z.boolean(),
  })
  .partial();

type Fields = z.output<typeof fields>;

/** Keys that say nothing of pixels: labels of segmentation, containers, devices, bookkeeping. */
const OTHER_KEYS = new Set([
  ...['image_processor_type', 'feature_extractor_type', 'processor_class', 'transformers_version'],
  ...['return_tensors', 'data_format', 'input_data_format', 'device', 'disable_grouping'],
  ...['do_convert_rgb', 'do_reduce_labels', 'reduce_labels', 'image_seq_length', 'pad_size'],
  ...['_valid_processor_keys', '_processor_class', '_commit_hash', 'name_or_path', 'architecture'],
]);

/** Switches: `null` turns them off in the library, whatever their default. */
const SWITCHES = new Set([
  ...['do_resize', 'do_center_crop', 'do_rescale', 'rescale_offset', 'do_normalize'],
  ...['include_top', 'do_flip_channel_order'],
]);

const IMAGENET = {
  image_mean: [0.485, 0.456, 0.406],
  image_std: [0.229, 0.224, 0.225],
};
const HALF = { image_mean: 0.5, image_std: 0.5 };
const CLIP = {
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
};

/** What a processor does beside resizing, cropping, rescaling and normalising. */
type Quirk = 'convnext' | 'levit' | 'poolformer' | 'efficientnet' | 'mobilevit' | 'segformer';

interface Processor extends Fields {
  quirk?: Quirk;
}

/** What each processor does where its config is silent. Source: transformers' image processors. */
const PROCESSORS: Record<string, Processor> = {
  ViT: { ...HALF, size: 224, resample: 'bilinear' },
  DeiT: { ...HALF, size: 256, crop_size: 224, do_center_crop: true },
  Beit: { ...HALF, size: 224, crop_size: 224 },
  ConvNext: {
    ...HALF,
    size: 384,
    default_to_square: false,
    crop_pct: 224 / 256,
    quirk: 'convnext',
  },
  EfficientNet: { ...HALF, size: 346, crop_size: 289, include_top: true, quirk: 'efficientnet' },
  MobileNetV1: {
    ...HALF,
    size: 256,
    default_to_square: false,
    resample: 'bilinear',
    crop_size: 224,
    do_center_crop: true,
  },
  MobileNetV2: {
    ...HALF,
    size: 256,
    default_to_square: false,
    resample: 'bilinear',
    crop_size: 224,
    do_center_crop: true,
  },
  MobileViT: {
    ...HALF,
    size: 224,
    default_to_square: false,
    crop_size: 256,
    do_center_crop: true,
    do_flip_channel_order: true,
    quirk: 'mobilevit',
  },
  Levit: {
    ...IMAGENET,
    size: 224,
    default_to_square: false,
    crop_size: 224,
    do_center_crop: true,
    quirk: 'levit',
  },
  PoolFormer: {
    ...IMAGENET,
    size: 224,
    default_to_square: false,
    crop_size: 224,
    do_center_crop: true,
    crop_pct: 0.9,
    quirk: 'poolformer',
  },
  Bit: { ...CLIP, size: 224, default_to_square: false, crop_size: 224, do_center_crop: true },
  CLIP: { ...CLIP, size: 224, default_to_square: false, crop_size: 224, do_center_crop: true },
  Siglip: { ...HALF, size: { height: 224, width: 224 }, default_to_square: false },
  EfficientFormer: { ...IMAGENET, size: 224, crop_size: 224, do_center_crop: true },
  Pvt: { ...IMAGENET, size: 224 },
  Segformer: { ...IMAGENET, size: 512, resample: 'bilinear', quirk: 'segformer' },
};

const COMMON = {
  do_resize: true,
  default_to_square: true,
  resample: 'bicubic',
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
} as const satisfies Fields;

/** The processors of the models of a `model_type`, for a config that does not name its processor. */
const PROCESSOR_OF_MODEL: Record<string, string> = {
  vit: 'ViT',
  vit_msn: 'ViT',
  vit_mae: 'ViT',
  swin: 'ViT',
  swinv2: 'ViT',
  swiftformer: 'ViT',
  deit: 'DeiT',
  beit: 'Beit',
  'data2vec-vision': 'Beit',
  convnext: 'ConvNext',
  convnextv2: 'ConvNext',
  resnet: 'ConvNext',
  regnet: 'ConvNext',
  cvt: 'ConvNext',
  van: 'ConvNext',
  efficientnet: 'EfficientNet',
  mobilenet_v1: 'MobileNetV1',
  mobilenet_v2: 'MobileNetV2',
  mobilevit: 'MobileViT',
  mobilevitv2: 'MobileViT',
  levit: 'Levit',
  poolformer: 'PoolFormer',
  bit: 'Bit',
  focalnet: 'Bit',
  dinov2: 'Bit',
  hiera: 'Bit',
  clip: 'CLIP',
  siglip: 'Siglip',
  efficientformer: 'EfficientFormer',
  pvt: 'Pvt',
  pvt_v2: 'Pvt',
  segformer: 'Segformer',
};

/**
 * The preprocessing of a Hugging Face `preprocessor_config.json`, as the image processor that it
 * names does it.
 *
 * @param modelType the `model_type` of the config.json beside it, which tells the processor where
 *   this file does not
 * @throws EvaluationError `model-config-invalid` for a processor or key that is not known
 */
export function readHuggingFaceConfig(
  config: Record<string, unknown>,
  path: string,
  modelType?: string,
): CardDraft {
  const { kind, isFast } = processorOf(config, path, modelType);
  const { quirk, ...defaults } = PROCESSORS[kind]!;
  const said = requireKnownKeys(readNulls(config, quirk), fields, OTHER_KEYS, path);
  const all: AllFields = { ...COMMON, ...defaults, ...said, quirk, path };
  return {
    channels: quirk === 'mobilevit' && all.do_flip_channel_order ? 'BGR' : 'RGB',
    ...valuesOf(all),
    ...geometryOf(all, isFast),
    interpolation: all.resample!,
    antialias: true,
  };
}

/** @throws EvaluationError where a config names none that is known */
function processorOf(
  config: Record<string, unknown>,
  path: string,
  modelType: string | undefined,
): { kind: string; isFast: boolean } {
  const name = config['image_processor_type'] ?? config['feature_extractor_type'];
  if (typeof name === 'string') {
    const kind = name.replace(/(ImageProcessor|FeatureExtractor)(Fast|Pil)?$/, '');
    if (kind in PROCESSORS) return { kind, isFast: name.endsWith('Fast') };
    throw invalidConfig(`patchml does not know the image processor ${name}`, path);
  }
  const kind = modelType === undefined ? undefined : PROCESSOR_OF_MODEL[modelType];
  if (kind !== undefined) return { kind, isFast: false };
  throw invalidConfig('it names no image processor (image_processor_type)', path);
}

/** `null` is nothing said, but turns a switch off, and PoolFormer's crop_pct. */
function readNulls(
  config: Record<string, unknown>,
  quirk: Quirk | undefined,
): Record<string, unknown> {
  const off = Object.keys(config).filter((key) => config[key] === null && SWITCHES.has(key));
  const isWhole = quirk === 'poolformer' && config['crop_pct'] === null;
  const said = Object.entries(dropNulls(config)).map(([key, value]): [string, unknown] => {
    const isDictionary = typeof value === 'object' && !Array.isArray(value);
    return [key, isDictionary ? dropNulls(value as Record<string, unknown>) : value];
  });
  return {
    ...(Object.fromEntries(said) as Record<string, unknown>),
    ...Object.fromEntries(off.map((key) => [key, false])),
    ...(isWhole ? { crop_pct: 1 } : {}),
  };
}

interface AllFields extends Fields {
  quirk: Quirk | undefined;
  path: string;
}

/** Rescaled, shifted, normalised, and by EfficientNet divided a second time, in one formula. */
function valuesOf(all: AllFields): Pick<CardDraft, 'scale' | 'mean' | 'std'> {
  const isEfficientNet = all.quirk === 'efficientnet';
  const isNormalised = all.do_normalize === true && all.quirk !== 'mobilevit';
  const offset = isEfficientNet && all.do_rescale && all.rescale_offset ? 1 : 0;
  const [mean, std] = [toTriple(all.image_mean!), toTriple(all.image_std!)];
  const times = (isNormalised ? 1 : 0) + (isEfficientNet && all.include_top ? 1 : 0);
  return {
    scale: all.do_rescale ? all.rescale_factor! : 1,
    mean: mean.map((value) => offset + (isNormalised ? value : 0)) as [number, number, number],
    std: std.map((value) => value ** times) as [number, number, number],
  };
}

type Size = readonly [width: number, height: number];

/** The image scaled to a size, by its shorter side, or not at all. */
type Scaling =
  { mode: 'squash'; to: Size } | { mode: 'shorter-side'; to: number; longest?: number } | 'none';

function geometryOf(all: AllFields, isFast: boolean): CardDraft {
  const scaling = all.do_resize ? scalingOf(all) : 'none';
  const cut = cutOf(all, scaling);
  if (cut === undefined && (scaling === 'none' || scaling.mode === 'shorter-side')) {
    throw invalidConfig('without a crop, it produces images of different sizes', all.path);
  }
  const size = [...(cut ?? (scaling as { to: Size }).to)] as [number, number];
  const crop = isFast ? 'truncate' : 'floor';
  if (scaling === 'none') return { size, mode: 'none', crop };
  if (scaling.mode === 'squash') {
    const { to } = scaling;
    const isUncut = to[0] === size[0] && to[1] === size[1];
    return isUncut
      ? { size, mode: 'squash', cropFraction: 1 }
      : { size, mode: 'squash', to: [...to], crop };
  }
  return { size, ...scaling, crop };
}

/** ConvNeXt's processor squashes from this side on, and crops below it. */
const SQUASH_FROM = 384;

function scalingOf(all: AllFields): Scaling {
  const { quirk, crop_pct = 1 } = all;
  const size = toSides(all.size!, all.default_to_square!);
  if (quirk === 'convnext') {
    if (typeof size !== 'number') throw invalidConfig('its size has no shortest_edge', all.path);
    return size < SQUASH_FROM
      ? { mode: 'shorter-side', to: Math.trunc(size / crop_pct) }
      : { mode: 'squash', to: [size, size] };
  }
  if (quirk === 'levit' && typeof size === 'number') {
    return { mode: 'shorter-side', to: Math.trunc((256 / 224) * size) };
  }
  if (quirk === 'poolformer') return poolFormerScaling(size, crop_pct, all);
  if (typeof size !== 'number') return { mode: 'squash', to: size };
  const longest = longestOf(all.size!);
  return { mode: 'shorter-side', to: size, ...(longest === undefined ? {} : { longest }) };
}

/** One side of a square is its shorter one, unless crop_pct is null. */
function poolFormerScaling(size: Size | number, cropFraction: number, all: AllFields): Scaling {
  if (typeof size === 'number') {
    return { mode: 'shorter-side', to: Math.trunc(size / cropFraction) };
  }
  const [width, height] = size.map((side) => Math.trunc(side / cropFraction)) as [number, number];
  const isSquare = size[0] === size[1] && all.crop_pct !== 1;
  return isSquare ? { mode: 'shorter-side', to: width } : { mode: 'squash', to: [width, height] };
}

/** What is cut out of the scaled image, if anything. */
function cutOf(all: AllFields, scaling: Scaling): Size | undefined {
  const own =
    all.quirk === 'convnext' && scaling !== 'none' && scaling.mode === 'shorter-side'
      ? (toSides(all.size!, false) as number)
      : undefined;
  if (!all.do_center_crop || all.quirk === 'segformer') {
    return own === undefined ? undefined : [own, own];
  }
  const cut = all.crop_size === undefined ? undefined : toSides(all.crop_size, true);
  if (cut === undefined || typeof cut === 'number') {
    throw invalidConfig('its crop_size has no height and width', all.path);
  }
  if (own !== undefined && (cut[0] !== own || cut[1] !== own)) {
    throw invalidConfig('it crops twice, by crop_pct and by do_center_crop', all.path);
  }
  return cut;
}

/** Width and height, or the shorter side alone. */
function toSides(size: NonNullable<Fields['size']>, isSquare: boolean): Size | number {
  if (typeof size === 'number') return isSquare ? [size, size] : size;
  if (Array.isArray(size)) return [size[1], size[0]];
  return 'shortest_edge' in size ? size.shortest_edge : [size.width, size.height];
}

function longestOf(size: NonNullable<Fields['size']>): number | undefined {
  const isEdges = typeof size === 'object' && 'shortest_edge' in size;
  return isEdges ? (size.longest_edge ?? undefined) : undefined;
}
