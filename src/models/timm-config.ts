import { z } from 'zod';
import type { CardDraft } from './card.js';
import { dropNulls, requireKnownKeys, toTriple } from './config-fields.js';
import { roundHalfToEven } from './preprocess.js';

const size = z.tuple([z.literal(3), z.int().min(1), z.int().min(1)]);
const perChannel = z.array(z.number()).refine(({ length }) => length === 1 || length === 3);

/** With timm's own defaults, for what a config leaves out. */
const fields = z.object({
  input_size: size.default([3, 224, 224]),
  test_input_size: size.optional(),
  interpolation: z
    .enum(['nearest', 'bilinear', 'bicubic', 'lanczos', 'box', 'hamming'])
    .default('bicubic'),
  crop_pct: z.number().positive().default(0.875),
  test_crop_pct: z.number().positive().optional(),
  crop_mode: z.enum(['center', 'squash', 'border']).default('center'),
  mean: perChannel.default([0.485, 0.456, 0.406]),
  std: perChannel.default([0.229, 0.224, 0.225]),
});

type TimmFields = z.output<typeof fields>;

/** Keys of timm's PretrainedCfg that say nothing of pixels. */
const OTHER_KEYS = new Set([
  ...['url', 'file', 'state_dict', 'hf_hub_id', 'hf_hub_filename', 'source', 'architecture', 'tag'],
  ...['custom_load', 'min_input_size', 'fixed_input_size', 'num_classes', 'label_offset'],
  ...['label_names', 'label_descriptions', 'pool_size', 'test_pool_size', 'first_conv'],
  ...['classifier', 'license', 'description', 'origin_url', 'paper_name', 'paper_ids', 'notes'],
  ...['num_features', 'global_pool', 'model_args', 'checksum', 'title', 'exclude_layers'],
]);

const MODES = { center: 'shorter-side', squash: 'squash', border: 'letterbox' } as const;

/** How a timm config is read. */
export interface TimmOptions {
  path: string;
  /** Width and height that are known of the model's input. */
  size: readonly [number, number] | undefined;
  /** Whether its test size counts: timm's wrapper in transformers never looks at it. */
  useTestSize?: boolean;
}

/**
 * The preprocessing of timm's `pretrained_cfg`, over which the values of a `data_config` go, as
 * timm's `resolve_data_config` and `create_transform` read them for evaluation.
 *
 * @throws EvaluationError `model-config-invalid` for keys that are not known and values that timm
 *   does not take
 */
export function readTimmConfig(
  configs: readonly Record<string, unknown>[],
  { path, size: known, useTestSize = true }: TimmOptions,
): CardDraft {
  const said = Object.assign({}, ...configs.map(dropNulls)) as Record<string, unknown>;
  const config = requireKnownKeys(said, fields, OTHER_KEYS, path);
  if (!Object.keys(said).some((key) => key in fields.shape)) return {};
  const { interpolation, crop_mode, mean, std } = config;
  const means = toTriple(mean);
  return {
    ...sizeAndCrop(config, known, useTestSize),
    channels: 'RGB',
    scale: 1 / 255,
    mean: means,
    std: toTriple(std),
    mode: MODES[crop_mode],
    interpolation,
    antialias: true,
    ...(crop_mode === 'border' ? { fill: toTriple(means.map(toLevel)) } : {}),
  };
}

function toLevel(mean: number): number {
  return Math.min(255, Math.max(0, roundHalfToEven(255 * mean)));
}

/**
 * A size and the crop that goes with it: those of training, or those of testing. The size that the
 * model takes decides; where it takes any, those of testing. Of a third size no crop is known.
 */
function sizeAndCrop(
  config: TimmFields,
  known: readonly [number, number] | undefined,
  useTestSize: boolean,
): CardDraft {
  const { input_size, crop_pct, test_input_size, test_crop_pct = crop_pct } = config;
  const trained = { size: toSize(input_size), cropFraction: crop_pct };
  const tested =
    useTestSize && test_input_size !== undefined
      ? { size: toSize(test_input_size), cropFraction: test_crop_pct }
      : undefined;
  if (known === undefined) return tested ?? trained;
  const isKnown = ({ size: [width, height] }: typeof trained): boolean =>
    width === known[0] && height === known[1];
  return isKnown(trained) ? trained : tested && isKnown(tested) ? tested : {};
}

function toSize([, height, width]: readonly [number, number, number]): [number, number] {
  return [width, height];
}
