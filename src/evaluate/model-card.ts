import { basename, dirname, extname, resolve } from 'node:path';
import { z } from 'zod';
import { EvaluationError } from '../errors.js';
import { invalidField, readYaml, type YamlKind } from '../files/read-yaml.js';
import { classOf } from '../imagenet/synsets.js';

const perChannel = z.tuple([z.number(), z.number(), z.number()]);
const side = z.int().min(1).max(4096);

const input = z
  .strictObject({
    name: z.string().min(1).optional().describe("The graph's input; by default its only one"),
    size: z
      .union([side, z.tuple([side, side])], 'expected a side, or [width, height], of 1 to 4096 px')
      .describe('Side, or [width, height], px'),
    layout: z.enum(['NCHW', 'NHWC']).describe('Order of the dimensions'),
    channels: z.enum(['RGB', 'BGR']).describe('Order of the channels'),
    scale: z.number().positive().describe('First step: the pixel (0 to 255) times this'),
    mean: perChannel.describe('Second step: minus this, in the order of `channels`'),
    std: perChannel
      .refine((values) => values.every((value) => value > 0), 'expected numbers above 0')
      .describe('Third step: divided by this, in the order of `channels`'),
  })
  .describe('value = (pixel x scale - mean) / std');

const resize = z.strictObject({
  mode: z
    .enum(['shorter-side', 'squash', 'letterbox'])
    .describe(
      '`shorter-side`: scaled to cover the input, then cropped; `squash`: scaled to it, whatever its aspect; `letterbox`: scaled to fit in it, the rest filled',
    ),
  interpolation: z
    .enum(['nearest', 'bilinear', 'bicubic', 'lanczos', 'box', 'hamming'])
    .describe("Pillow's name of the resampling filter"),
  antialias: z
    .boolean()
    .describe('Whether the filter widens when it shrinks an image, as Pillow always does'),
  cropFraction: z
    .number()
    .gt(0)
    .max(1)
    .describe('The central part that is kept: the image is scaled to size / cropFraction first'),
  fill: z
    .int()
    .min(0)
    .max(255)
    .default(114)
    .describe('Grey level around a letterboxed image, 0 to 255'),
});

const output = z.strictObject({
  name: z.string().min(1).optional().describe("The graph's output; by default its only one"),
  kind: z.enum(['logits', 'probabilities']).describe('What it holds'),
});

const classes = z
  .union(
    [
      z.enum(['imagenet-1k', 'imagenet-1k-background']),
      z.array(z.string().regex(/^n\d{8}$/)).min(2),
    ],
    'expected imagenet-1k, imagenet-1k-background, or a list of synsets such as n07753592',
  )
  .refine(
    (value) => typeof value === 'string' || value.every((wnid) => classOf(wnid) !== undefined),
    "expected synsets of ImageNet's 1,000",
  )
  .refine(
    (value) => typeof value === 'string' || new Set(value).size === value.length,
    'expected every synset once',
  )
  .describe(
    "What the outputs stand for, in their order: ImageNet's 1,000 classes, a background class and these, or a list of synsets",
  );

/** The fields of a model card. */
const modelCardSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]+$/, 'expected a name of letters, digits, ".", "_" and "-"')
    .optional()
    .describe("The model's name in scorecards; by default the card's file name"),
  model: z.string().min(1).describe('The ONNX file, from the folder of the card'),
  input,
  resize,
  classes,
  output,
});

/** How a model is fed and read. */
export type ModelCard = Omit<z.output<typeof modelCardSchema>, 'name'> & { name: string };

/** How images become the input of a model. */
export type Preprocessing = Pick<ModelCard, 'input' | 'resize'>;

const MODEL_CARD: YamlKind = {
  name: 'card',
  Failure: EvaluationError,
  example: 'model: resnet50.onnx',
  fix: '"patchml model add" writes a card with every field',
};

/**
 * Reads a model card; the path of its model is made absolute.
 * @throws EvaluationError that names the field, what it may be and what it was
 */
export async function loadModelCard(path: string): Promise<ModelCard> {
  return parseModelCard(await readYaml(path, MODEL_CARD), path);
}

/** Checks the fields of a card that is, or will be, at `path`. @throws EvaluationError */
export function parseModelCard(fields: unknown, path: string): ModelCard {
  const parsed = modelCardSchema.safeParse(fields, { reportInput: true });
  if (!parsed.success) throw invalidField(parsed.error.issues[0]!, path, MODEL_CARD);
  return {
    ...parsed.data,
    name: parsed.data.name ?? basename(path, extname(path)),
    model: resolve(dirname(path), parsed.data.model),
  };
}

/** The JSON Schema by which editors complete and check a card. */
export function modelCardJsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(modelCardSchema, { io: 'input' });
}
