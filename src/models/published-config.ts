import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { EvaluationError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { exists } from '../files/folders.js';
import type { ModelCard } from './card.js';

/** What these files are called beside a model. */
const CONFIG_NAMES = ['config.json', 'preprocessor_config.json'] as const;

/**
 * Reads the preprocessing that a model was published with: timm's `config.json` (its
 * `pretrained_cfg`), or Hugging Face's `preprocessor_config.json`.
 * @param config the file; by default whichever lies beside the model
 * @returns what it says, or nothing where there is none
 * @throws EvaluationError `model-config-invalid`
 */
export async function readModelConfig(model: string, config?: string): Promise<CardDraft> {
  if (config !== undefined) return readConfig(config, true);
  for (const name of CONFIG_NAMES) {
    const path = join(dirname(model), name);
    if (!(await exists(path))) continue;
    const draft = await readConfig(path, false);
    if (Object.keys(draft).length > 0) return draft;
  }
  return {};
}

async function readConfig(path: string, isAsked: boolean): Promise<CardDraft> {
  const content = await readJson(path);
  const timm = timmConfig.safeParse(content);
  if (timm.success) return fromTimm(timm.data.pretrained_cfg);
  const huggingFace = processorConfig.safeParse(content);
  if (huggingFace.success && Object.keys(huggingFace.data).length > 0) {
    return fromHuggingFace(huggingFace.data);
  }
  // A config.json of another kind may lie beside a model.
  if (!isAsked && basename(path) === 'config.json') return {};
  throw new EvaluationError(
    "expected timm's config.json with its pretrained_cfg, or a Hugging Face preprocessor_config.json",
    { code: 'model-config-invalid', path, fix: 'give another as --config' },
  );
}

async function readJson(path: string): Promise<unknown> {
  let text;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw explainError(error, path);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EvaluationError('this is not JSON', { code: 'model-config-invalid', path, cause });
  }
}

const triple = z.tuple([z.number(), z.number(), z.number()]);

const timmConfig = z.object({
  pretrained_cfg: z.object({
    input_size: z.tuple([z.literal(3), z.int(), z.int()]).optional(),
    test_input_size: z.tuple([z.literal(3), z.int(), z.int()]).optional(),
    interpolation: z
      .enum(['bilinear', 'bicubic', 'nearest', 'lanczos', 'box', 'hamming'])
      .optional(),
    crop_pct: z.number().optional(),
    test_crop_pct: z.number().optional(),
    crop_mode: z.enum(['center', 'squash', 'border']).optional(),
    mean: triple.optional(),
    std: triple.optional(),
  }),
});

const TIMM_MODES = { center: 'shorter-side', squash: 'squash', border: 'letterbox' } as const;

/** timm evaluates at the test size where there is one; its loaders give RGB from 0 to 1. */
function fromTimm(config: z.output<typeof timmConfig>['pretrained_cfg']): CardDraft {
  const [, height, width] = config.test_input_size ?? config.input_size ?? [];
  return dropUndefined({
    size: height === undefined ? undefined : toSize(width!, height),
    channels: 'RGB',
    scale: 1 / 255,
    mean: config.mean,
    std: config.std,
    mode: TIMM_MODES[config.crop_mode ?? 'center'],
    interpolation: config.interpolation,
    antialias: true,
    cropFraction: config.test_crop_pct ?? config.crop_pct,
  } as const);
}

const sides = z.union([
  z.int(),
  z.object({ height: z.int(), width: z.int() }),
  z.object({ shortest_edge: z.int() }),
]);

const processorConfig = z
  .object({
    do_resize: z.boolean(),
    size: sides,
    resample: z.int().min(0).max(5),
    crop_pct: z.number(),
    do_center_crop: z.boolean(),
    crop_size: sides,
    do_rescale: z.boolean(),
    rescale_factor: z.number(),
    do_normalize: z.boolean(),
    image_mean: triple,
    image_std: triple,
  })
  .partial();

type ProcessorConfig = z.output<typeof processorConfig>;

/** Pillow's numbers of its filters. */
const FILTERS = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const;

function fromHuggingFace(config: ProcessorConfig): CardDraft {
  const isNormalised = config.do_normalize !== false;
  return dropUndefined({
    channels: 'RGB',
    scale: config.do_rescale === false ? 1 : (config.rescale_factor ?? 1 / 255),
    mean: isNormalised ? config.image_mean : ([0, 0, 0] as const),
    std: isNormalised ? config.image_std : ([1, 1, 1] as const),
    interpolation: config.resample === undefined ? undefined : FILTERS[config.resample],
    antialias: true,
    ...geometryOf(config),
  } as const);
}

/** ConvNeXt's processor squashes from this side on, and crops below it. */
const SQUASH_FROM = 384;

function geometryOf(config: ProcessorConfig): CardDraft {
  const { size, crop_size: crop, crop_pct: cropFraction } = config;
  if (size === undefined) return {};
  const [width, height] = widthAndHeight(size);
  const isShorterSide =
    typeof size === 'number' ? config.do_center_crop === true : 'shortest_edge' in size;
  const mode = isShorterSide ? 'shorter-side' : 'squash';
  if (cropFraction !== undefined) {
    const isSquashed = width >= SQUASH_FROM;
    return {
      size: width,
      mode: isSquashed ? 'squash' : 'shorter-side',
      cropFraction: isSquashed ? 1 : cropFraction,
    };
  }
  if (config.do_center_crop === false || crop === undefined) {
    return { size: toSize(width, height), mode, cropFraction: 1 };
  }
  const [cropWidth, cropHeight] = widthAndHeight(crop);
  return {
    size: toSize(cropWidth, cropHeight),
    mode,
    cropFraction: fractionOf(cropWidth, width),
  };
}

function widthAndHeight(size: z.output<typeof sides>): [number, number] {
  if (typeof size === 'number') return [size, size];
  return 'shortest_edge' in size
    ? [size.shortest_edge, size.shortest_edge]
    : [size.width, size.height];
}

/** The fraction with floor(crop / fraction) = full, which rounding could put one below. */
function fractionOf(crop: number, full: number): number {
  const fraction = crop / full;
  return Math.floor(crop / fraction) === full ? fraction : fraction * (1 - 1e-12);
}

function toSize(width: number, height: number): number | [number, number] {
  return width === height ? width : [width, height];
}

function dropUndefined(draft: { [K in keyof CardDraft]: CardDraft[K] | undefined }): CardDraft {
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined));
}

/** The parts of a card that are known; the names of the flags that give them. */
export interface CardDraft {
  inputName?: string;
  size?: ModelCard['input']['size'];
  layout?: ModelCard['input']['layout'];
  channels?: ModelCard['input']['channels'];
  scale?: number;
  mean?: readonly [number, number, number];
  std?: readonly [number, number, number];
  mode?: ModelCard['resize']['mode'];
  interpolation?: ModelCard['resize']['interpolation'];
  antialias?: boolean;
  cropFraction?: number;
  classes?: ModelCard['classes'];
  outputName?: string;
  outputKind?: ModelCard['output']['kind'];
}
