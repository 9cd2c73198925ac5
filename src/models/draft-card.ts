import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, parse, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InferenceSession } from 'onnxruntime-node';
import { stringify } from 'yaml';
import { EvaluationError, OutputError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { exists } from '../files/folders.js';
import { writeWhole } from '../files/output-file.js';
import { CARDS_FOLDER, inputSize, type ModelCard, parseModelCard } from './card.js';
import { CLASS_COUNT } from './classes.js';
import { type CardDraft, readModelConfig } from './published-config.js';
import { loadModel, loadOnnxruntime } from './onnxruntime.js';

/** What a card is made of. */
export interface DraftInput {
  /** The ONNX file. */
  model: string;
  /**
   * Where the card goes; the path of its model is written relative to it. Default:
   * `configs/models/<name>.yaml`.
   */
  out?: string | undefined;
  /** The model's name in scorecards. Default: the file's name. */
  name?: string | undefined;
  /** What is said by hand, above all else. */
  given?: CardDraft | undefined;
  /** timm's or Hugging Face's file. Default: the one beside the model, if there is one. */
  config?: string | undefined;
}

/** A card that is not written yet. */
export interface DraftedCard {
  /** Where it goes. */
  path: string;
  /** As YAML. */
  text: string;
  card: ModelCard;
}

/** How each part is given where no file knows it. */
const FLAGS = {
  size: '--size 224',
  layout: '--layout NCHW',
  channels: '--channels RGB',
  scale: '--scale 0.00392156862745098',
  mean: '--mean 0.485,0.456,0.406',
  std: '--std 0.229,0.224,0.225',
  mode: '--resize shorter-side',
  interpolation: '--interpolation bilinear',
  antialias: '--antialias',
  cropFraction: '--crop-fraction 0.875',
  classes: '--classes imagenet-1k (or a file of synsets, one a line)',
  outputKind: '--output-kind logits',
} as const satisfies Partial<Record<keyof CardDraft, string>>;

/**
 * Drafts a model card: from what is given, from the file that the model was published with, and from
 * its graph, in this order. Writes nothing.
 *
 * @throws EvaluationError `card-unknown-fields`, which names all that is still to be given,
 *   `model-unreadable`, `model-config-invalid`
 */
export async function draftModelCard(input: DraftInput): Promise<DraftedCard> {
  const { model, config, name, path } = placeOf(input);
  const session = await loadModel(model);
  let draft: CardDraft;
  try {
    const known = { ...(await readModelConfig(model, config)), ...input.given };
    draft = { ...(await readGraph(session, known)), ...known };
  } finally {
    await session.release();
  }
  const missing = Object.entries(FLAGS).filter(
    ([field]) => draft[field as keyof CardDraft] === undefined,
  );
  if (missing.length > 0) {
    const names = missing.map(([field]) => field).join(', ');
    throw new EvaluationError(`neither the model nor a file beside it says ${names}`, {
      code: 'card-unknown-fields',
      path: model,
      fix: `give ${missing.map(([, flag]) => flag).join(' ')}`,
    });
  }
  const fields = {
    name,
    model: relative(resolve(dirname(path)), resolve(model))
      .split(sep)
      .join('/'),
    input: {
      name: draft.inputName,
      size: draft.size,
      layout: draft.layout,
      channels: draft.channels,
      scale: draft.scale,
      mean: draft.mean,
      std: draft.std,
    },
    resize: {
      mode: draft.mode,
      interpolation: draft.interpolation,
      antialias: draft.antialias,
      cropFraction: draft.cropFraction,
    },
    classes: draft.classes,
    output: { name: draft.outputName, kind: draft.outputKind },
  };
  return { path, text: stringify(fields), card: parseModelCard(fields, path) };
}

/** How to add a card. */
export interface AddCardOptions {
  /** Replace a card that exists. Default false. */
  overwrite?: boolean | undefined;
}

/**
 * Drafts a model card and writes it, with a line that lets editors complete and check it.
 *
 * @throws OutputError `file-exists`, or where it cannot be written
 * @throws EvaluationError as {@link draftModelCard}
 */
export async function addModelCard(
  input: DraftInput,
  { overwrite = false }: AddCardOptions = {},
): Promise<DraftedCard> {
  const { path } = placeOf(input);
  if (!overwrite && (await exists(path))) {
    throw new OutputError('this card already exists', {
      code: 'file-exists',
      path,
      fix: 'give another --out, or --overwrite',
    });
  }
  const drafted = await draftModelCard(input);
  const schema = relative(dirname(path), SCHEMA).replaceAll('\\', '/');
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeWhole(path, `# yaml-language-server: $schema=${schema}\n${drafted.text}`);
  } catch (error) {
    throw explainError(error, path);
  }
  return drafted;
}

const SCHEMA = fileURLToPath(new URL('../../../configs/model-card.schema.json', import.meta.url));

/** The input with its defaults. */
function placeOf(
  input: DraftInput,
): { name: string; path: string } & Pick<DraftInput, 'model' | 'config'> {
  const { model, config, name = parse(model).name } = input;
  return { model, config, name, path: input.out ?? join(CARDS_FOLDER, `${name}.yaml`) };
}

/** Reads a list of synsets, one a line. @throws EvaluationError, or a file-system error */
export async function readSynsetList(path: string): Promise<string[]> {
  let text;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw explainError(error, path);
  }
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  return lines.map((line, index) => {
    const [wnid] = /^n\d{8}(?=\s|$)/.exec(line.trim()) ?? [];
    if (wnid !== undefined) return wnid;
    throw new EvaluationError('expected a synset such as n07753592', {
      code: 'synset-list-invalid',
      path,
      place: `line ${index + 1}`,
    });
  });
}

/**
 * What a model's graph says of itself: the shape of its input, the number of its classes, and, from
 * one run on noise, whether its outputs are probabilities. What it leaves open stays out.
 * @param known what is known of it from elsewhere
 */
async function readGraph(session: InferenceSession, known: CardDraft): Promise<CardDraft> {
  const input = pick(session.inputNames, session.inputMetadata, known.inputName);
  if (!input?.isTensor) return {};
  const shape = readShape(input.shape, known);
  const output = await tryRun(session, input, { ...shape, ...known });
  return { ...shape, ...output };
}

type Metadata = InferenceSession.ValueMetadata;

function pick(
  names: readonly string[],
  metadata: readonly Metadata[],
  asked: string | undefined,
): Metadata | undefined {
  if (asked !== undefined) return metadata.find(({ name }) => name === asked);
  return names.length === 1 ? metadata[0] : undefined;
}

function readShape(shape: readonly (number | string)[], known: CardDraft): CardDraft {
  if (shape.length !== 4) return {};
  const layout = known.layout ?? (shape[1] === 3 ? 'NCHW' : shape[3] === 3 ? 'NHWC' : undefined);
  if (layout === undefined) return {};
  const [height, width] = layout === 'NCHW' ? [shape[2], shape[3]] : [shape[1], shape[2]];
  if (typeof height !== 'number' || typeof width !== 'number' || height < 1 || width < 1) {
    return { layout };
  }
  return { layout, size: height === width ? width : [width, height] };
}

const ARRAYS = { float32: Float32Array, float16: Uint16Array, uint8: Uint8Array } as const;

/** One run shows the outputs, whatever the graph says of their shape. */
async function tryRun(
  session: InferenceSession,
  { name, isTensor, ...input }: Metadata,
  { size, layout, outputName }: CardDraft,
): Promise<CardDraft> {
  if (!isTensor || !('type' in input) || !(input.type in ARRAYS)) return {};
  if (size === undefined || layout === undefined) return {};
  const [width, height] = inputSize({ size });
  const [batch] = input.shape;
  const images = typeof batch === 'number' && batch > 0 ? batch : 1;
  const dims = layout === 'NCHW' ? [images, 3, height, width] : [images, height, width, 3];
  const type = input.type as keyof typeof ARRAYS;
  const values = new ARRAYS[type](images * 3 * width * height);
  for (let at = 0; at < values.length; at += 3) values[at] = 1;
  const { Tensor } = await loadOnnxruntime();
  try {
    const results = await session.run({ [name]: new Tensor(type, values as Uint8Array, dims) });
    const output =
      outputName ?? (session.outputNames.length === 1 ? session.outputNames[0] : undefined);
    const tensor = output === undefined ? undefined : results[output];
    return tensor?.data instanceof Float32Array ? readOutput(tensor.data, images) : {};
  } catch {
    return {}; // it does not run so: what it says stays unknown, and is asked for
  }
}

function readOutput(values: Float32Array, images: number): CardDraft {
  const outputs = values.length / images;
  const row = values.subarray(0, outputs);
  const sum = row.reduce((total, value) => total + value, 0);
  const isDistribution = row.every((value) => value >= 0) && Math.abs(sum - 1) < 1e-3;
  const classes =
    outputs === CLASS_COUNT
      ? ('imagenet-1k' as const)
      : outputs === CLASS_COUNT + 1
        ? ('imagenet-1k-background' as const)
        : undefined;
  return {
    outputKind: isDistribution ? 'probabilities' : 'logits',
    ...(classes === undefined ? {} : { classes }),
  };
}
