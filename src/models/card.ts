import { realpathSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, resolve } from 'node:path';
import { glob } from 'tinyglobby';
import { z } from 'zod';
import { EvaluationError } from '../errors.js';
import { sha256Schema } from '../files/sha256-schema.js';
import { byteOrder } from '../files/listing.js';
import { invalidField, readYaml, type YamlKind } from '../files/yaml.js';
import { classOf, WNID } from '../imagenet/synsets.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import { readModelFacts } from './model-file.js';

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

const level = z.int().min(0).max(255);

const resize = z
  .strictObject({
    mode: z
      .enum(['shorter-side', 'squash', 'letterbox', 'none'])
      .describe(
        '`shorter-side`: scaled to cover the input, then cropped; `squash`: scaled to it, whatever its aspect; `letterbox`: scaled to fit in it, the rest filled; `none`: not scaled, only cropped',
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
      .max(1.5)
      .optional()
      .describe(
        'The central part that is kept: the image is scaled to floor(size / cropFraction) first; above 1 it is padded',
      ),
    to: z
      .union([side, z.tuple([side, side])], 'expected a side, or [width, height], of 1 to 4096 px')
      .optional()
      .describe(
        'Instead of `cropFraction`, what the image is scaled to: its shorter side, or [width, height], px',
      ),
    longest: side.optional().describe('Largest longer side after scaling by the shorter one, px'),
    crop: z
      .enum(['half-even', 'floor', 'truncate'])
      .optional()
      .describe(
        'How the corner of the crop is rounded where half a pixel is left: as torchvision and timm do (`half-even`, the default), as Hugging Face does with Pillow (`floor`) or with torchvision (`truncate`)',
      ),
    fill: z
      .union([level, z.tuple([level, level, level])], 'expected a level, or three, of 0 to 255')
      .default(114)
      .describe(
        'Level around a letterboxed image, or one for each channel in the order of `channels`, 0 to 255; around others it is 0',
      ),
    pillow: z
      .union([z.literal(12), z.literal(13)])
      .optional()
      .describe(
        'The Pillow version whose order of passes is used: 13 (the default) scales rows first where an image shrinks much more in height, 12 never',
      ),
  })
  .refine(
    ({ mode, cropFraction, to }) =>
      mode === 'none' || (cropFraction === undefined) !== (to === undefined),
    'expected either cropFraction or to',
  );

const output = z
  .strictObject({
    name: z.string().min(1).optional().describe("The graph's output; by default its only one"),
    kind: z.enum(['logits', 'probabilities']).describe('What it holds'),
    step: z
      .number()
      .positive()
      .optional()
      .describe(
        "Scale of a quantised model's integer output: value = (integer - zeroPoint) x step; without it classes can be ranked, but their probabilities are unknown",
      ),
    zeroPoint: z
      .int()
      .optional()
      .describe("Zero point of a quantised model's integer output; 0 by default"),
  })
  .refine(
    ({ step, zeroPoint }) => zeroPoint === undefined || step !== undefined,
    'zeroPoint needs a step',
  );

const classes = z
  .union(
    [z.enum(['imagenet-1k', 'imagenet-1k-background']), z.array(z.string().regex(WNID)).min(2)],
    'expected imagenet-1k, imagenet-1k-background, or a list of synsets such as n07753592',
  )
  .refine(
    (value) => typeof value === 'string' || value.every((wnid) => classOf(wnid) !== undefined),
    "expected some of ImageNet's 1,000 synsets",
  )
  .refine(
    (value) => typeof value === 'string' || new Set(value).size === value.length,
    'expected every synset once',
  )
  .describe(
    "What the outputs stand for, in their order: ImageNet's 1,000 classes, a background class and these, or a list of synsets",
  );

/** The fields of a model card. */
export const modelCardSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]+$/, 'expected a name of letters, digits, ".", "_" and "-"')
    .optional()
    .describe("The model's name in scorecards; by default the card's file name"),
  model: z.string().min(1).describe('The ONNX file, from the folder of the card'),
  sha256: sha256Schema
    .optional()
    .describe('SHA-256 of the model that the card was made for; any other file is refused'),
  input,
  resize,
  classes,
  output,
});

/** How a model is fed and read. */
export type ModelCard = Omit<z.output<typeof modelCardSchema>, 'name'> & { name: string };

/** What is known of a card before it is made. */
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
  to?: ModelCard['resize']['to'];
  longest?: number;
  crop?: ModelCard['resize']['crop'];
  fill?: number | readonly [number, number, number];
  classes?: ModelCard['classes'];
  outputName?: string;
  outputKind?: ModelCard['output']['kind'];
  outputStep?: number;
  outputZeroPoint?: number;
}

/** How images become the input of a model. */
export type Preprocessing = Pick<ModelCard, 'input' | 'resize'>;

const MODEL_CARD: YamlKind = {
  name: 'card',
  Failure: EvaluationError,
  example: 'model: resnet50.onnx',
  fix: '"patchml model add" writes a card with every field',
  schema: modelCardSchema,
};

/**
 * Reads a model card; the path of its model is made absolute.
 * @throws EvaluationError that names the field, what it may be and what it was
 * @throws OutputError where the file cannot be read
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

/** Where cards are looked for, beside the folder of the model. */
const CARDS_FOLDER = join('configs', 'models');

/**
 * The card of a model: the YAML file itself, or for an `.onnx` file the card beside it or in
 * `configs/models` that names this file, or else one that was made for a file with the same bytes.
 * A card with another `sha256` than the file's is not its card, and taken only where there is no
 * other, for {@link predict} to refuse.
 *
 * @throws EvaluationError `card-missing`, `card-ambiguous`, and those of a card that is wrong
 * @throws OutputError where a file cannot be read
 */
export async function findModelCard(path: string): Promise<ModelCard> {
  if (['.yaml', '.yml'].includes(extname(path))) return loadModelCard(path);
  const cards = await cardsFor(path);
  const naming = cards.filter(({ model }) => isSameFile(model, path));
  const sha256 = await digestFor(path, cards);
  const named = naming.filter((card) => (card.sha256 ?? sha256) === sha256);
  const found = named.length > 0 ? named : await ofCopies(path, sha256, cards);
  const [card = naming[0], ...others] = found;
  if (others.length > 0) {
    throw new EvaluationError(
      `${found.length} cards name this model: ${found.map(({ card }) => card).join(', ')}`,
      {
        code: 'card-ambiguous',
        path,
        fix: 'pass one of the cards instead',
      },
    );
  }
  if (card) return { ...(await loadModelCard(card.card)), model: resolve(path) };
  throw new EvaluationError('this model has no card', {
    code: 'card-missing',
    path,
    fix: `create one with "patchml model add ${path}"`,
  });
}

/** A card that may be a model's, with what it says of its file. */
interface FoundCard {
  card: string;
  model: string;
  sha256: string | undefined;
}

/** The cards beside a model and in `configs/models`. */
async function cardsFor(path: string): Promise<FoundCard[]> {
  const cards: FoundCard[] = [];
  for (const folder of new Set([resolve(dirname(path)), resolve(CARDS_FOLDER)])) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.sort(byteOrder)) {
      if (!/\.ya?ml$/.test(name)) continue;
      const card = join(folder, name);
      // A YAML file of another kind is not a card of this model.
      const fields = await readYaml(card, MODEL_CARD).catch(() => undefined);
      const { model, sha256 } = (fields ?? {}) as { model?: unknown; sha256?: unknown };
      if (typeof model !== 'string') continue;
      const digest = typeof sha256 === 'string' ? sha256 : undefined;
      cards.push({ card, model: resolve(folder, model), sha256: digest });
    }
  }
  return cards;
}

/** The digest of a model; undefined where it cannot be read, or there is nothing to compare it with. */
async function digestFor(path: string, cards: readonly FoundCard[]): Promise<string | undefined> {
  if (cards.length === 0) return undefined;
  const facts = await readModelFacts(path).catch(() => undefined);
  return facts?.sha256;
}

/** The cards of files with this digest: the one they give, or that of the file they name. */
async function ofCopies(
  path: string,
  digest: string | undefined,
  cards: readonly FoundCard[],
): Promise<FoundCard[]> {
  if (digest === undefined) return [];
  const copies: FoundCard[] = [];
  for (const card of cards) {
    const { sha256, model } = card;
    const found = sha256 ?? (isSameSize(model, path) ? await digestFor(model, cards) : undefined);
    if (found === digest) copies.push(card);
  }
  return copies;
}

function isSameSize(one: string, other: string): boolean {
  try {
    return statSync(one).size === statSync(other).size;
  } catch {
    return false;
  }
}

function isSameFile(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return resolve(one) === resolve(other);
  }
}

/** The files that patterns such as `configs/models/*.yaml` match, in byte order. */
export async function matchCards(patterns: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const options = { expandDirectories: false, absolute: isAbsolute(pattern) };
    for (const path of await glob(pattern.replaceAll('\\', '/'), options)) found.add(path);
  }
  if (found.size > 0) return [...found].sort(byteOrder);
  throw new EvaluationError('no file matches', {
    code: 'cards-missing',
    path: patterns.join(' '),
    fix: 'check --models',
  });
}

// Apart from the card's schema, which the worker threads need not load.

/** Width and height of a model's input, px. */
export function inputSize({
  size,
}: Pick<ModelCard['input'], 'size'>): [width: number, height: number] {
  return typeof size === 'number' ? [size, size] : size;
}

/** `card`: the model's own resize and crop; `whole`: the full image resized to the input, without a crop. */
export const PREPROCESSING_CHOICES = ['card', 'whole'] as const;
export type PreprocessingChoice = (typeof PREPROCESSING_CHOICES)[number];

/**
 * How images of a set are brought to a model. PatchML images are not cropped by default:
 * a crop could cut an object that the labels name.
 */
export function choosePreprocessing(
  { input, resize }: ModelCard,
  { kind }: Pick<EvaluationSet, 'kind'>,
  choice: PreprocessingChoice = kind === 'patchml' ? 'whole' : 'card',
): Preprocessing {
  if (choice === 'card') return { input, resize };
  const { interpolation, antialias, fill, pillow } = resize;
  const whole = { mode: 'squash', interpolation, antialias, cropFraction: 1, fill } as const;
  return { input, resize: pillow === undefined ? whole : { ...whole, pillow } };
}
