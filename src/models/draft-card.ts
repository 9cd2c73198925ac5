import { dirname, join, relative, resolve, sep } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import { stringify } from 'yaml';
import { EvaluationError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { makeFolder } from '../files/folders.js';
import { requireNoFile, writeWhole } from '../files/output-file.js';
import { readRegularText } from '../files/read-file.js';
import { schemaPath } from '../files/yaml.js';
import { type CardDraft, inputSize, type ModelCard, parseModelCard } from './card.js';
import { readInputShape, readInputValues, readOutputs, requireImageInput } from './graph-facts.js';
import { nameOfModel, readModelFacts } from './model-file.js';
import { loadModel } from './onnxruntime.js';
import { PRESETS, type Preset, presetDraft } from './presets.js';
import { readModelConfig } from './published-config.js';
import { fitSession } from './session.js';

/** What a card is made of. */
export interface DraftInput {
  /** The ONNX file. */
  model: string;
  /**
   * Where the card goes; the path of its model is written relative to it. Default: beside the model,
   * `<name>.yaml`.
   */
  out?: string | undefined;
  /** The model's name in scorecards. Default: the file's; of `model.onnx` the folder's. */
  name?: string | undefined;
  /** What is said by hand, above all else. */
  given?: CardDraft | undefined;
  /** timm's or Hugging Face's file. Default: the one beside the model, if there is one. */
  config?: string | undefined;
  /** A usual set of preprocessing, in place of the file beside the model. */
  preset?: Preset | undefined;
}

/** A card that is not written yet. */
export interface DraftedCard {
  /** Where it goes. */
  path: string;
  /** As YAML. */
  text: string;
  card: ModelCard;
}

/** How each part of the preprocessing is given where no file knows it. */
const PREPROCESSING_FLAGS = {
  size: '--size PIXELS (or WIDTHxHEIGHT)',
  layout: '--layout NCHW|NHWC',
  channels: '--channels RGB|BGR',
  scale: '--scale NUMBER',
  mean: '--mean R,G,B',
  std: '--std R,G,B',
  mode: '--resize shorter-side|squash|letterbox',
  interpolation: '--interpolation nearest|bilinear|bicubic|lanczos|box|hamming',
  antialias: '--antialias (or --no-antialias)',
  cropFraction: '--crop-fraction NUMBER',
} as const satisfies Partial<Record<keyof CardDraft, string>>;

/** And how the model is read. */
const OUTPUT_FLAGS = {
  classes: '--classes imagenet-1k|imagenet-1k-background|FILE (of synsets, one per line)',
  // A run tells the kind of all but the whole numbers of a quantised model.
  outputKind:
    '--output-kind logits|probabilities (and --output-step NUMBER --output-zero-point NUMBER, where they are known)',
} as const satisfies Partial<Record<keyof CardDraft, string>>;

/**
 * Drafts a model card: from what is given, from the file that the model was published with, and from
 * its graph, in this order, and runs the model once under it. Writes nothing.
 *
 * @throws EvaluationError `card-unknown-fields`, which names all that is still to be given,
 *   `model-unreadable`, `model-config-invalid`, and `model-...` where the model does not fit the card
 * @throws OutputError where a file cannot be read
 */
export async function draftModelCard(input: DraftInput): Promise<DraftedCard> {
  const { name, path } = placeOf(input);
  const session = await loadModel(input.model);
  try {
    requireImageInput(session, input.given ?? {}, input.model);
    const known = await gather(session, input);
    const draft = { ...(await readOutputs(session, known, input.model)), ...known };
    requireAllFields(draft, session, input.model);
    const { sha256 } = await readModelFacts(input.model);
    const fields = fieldsOf(draft, { name, model: input.model, sha256 }, path);
    const card = parseModelCard(fields, path);
    await fitSession(session, card); // a card that `evaluate` would refuse is never written
    return { path, text: stringify(fields), card };
  } finally {
    await session.release();
  }
}

/** What is known before the model runs. */
async function gather(
  session: InferenceSession,
  { model, config, preset, given = {} }: DraftInput,
): Promise<CardDraft> {
  const graph = readInputShape(session, given);
  const { size } = { ...graph, ...given };
  const published: CardDraft =
    preset !== undefined && config === undefined
      ? presetDraft(preset)
      : await readModelConfig(model, {
          config,
          size: size === undefined ? undefined : inputSize({ size }),
        });
  const known = { ...graph, ...published, ...readInputValues(session, given), ...given };
  const isOtherSize =
    published.size !== undefined &&
    inputSize({ size: known.size! }).join() !== inputSize({ size: published.size }).join();
  // What an image is scaled to goes with the size, or else is given in its place.
  if (isOtherSize || given.cropFraction !== undefined) delete known.to;
  return known;
}

/**
 * What can be found by a run is not asked for before the model can be run.
 *
 * @throws EvaluationError that names every flag that is needed
 */
function requireAllFields(draft: CardDraft, session: InferenceSession, model: string): void {
  const unknown = (flags: Record<string, string>): [string, string][] =>
    Object.entries(flags).filter(([field]) => draft[field as keyof CardDraft] === undefined);
  const names = [
    ...(session.inputNames.length > 1
      ? unknown({ inputName: `--input-name ${session.inputNames.join('|')}` })
      : []),
    ...(session.outputNames.length > 1
      ? unknown({ outputName: `--output-name ${session.outputNames.join('|')}` })
      : []),
  ];
  const isInputUnknown = names.some(([field]) => field === 'inputName');
  const preprocessing = unknown(PREPROCESSING_FLAGS).filter(
    ([field]) => !isNeedless(field, draft) && !(isInputUnknown && isOfGraph(field)),
  );
  const canRun = names.length === 0 && !preprocessing.some(([field]) => isOfGraph(field));
  const missing = [...names, ...preprocessing, ...(canRun ? unknown(OUTPUT_FLAGS) : [])];
  if (missing.length === 0) return;
  const isSet = preprocessing.some(([field]) => field in presetDraft('timm'));
  const fields = missing.map(([field]) => field).join(', ');
  throw new EvaluationError(`neither the model nor a file beside it says ${fields}`, {
    code: 'card-unknown-fields',
    path: model,
    fix: `pass ${missing.map(([, flag]) => flag).join(' ')}${isSet ? `; --preset ${PRESETS.join('|')} is a standard set` : ''}`,
  });
}

/** What the graph says of itself in most cases. */
function isOfGraph(field: string): boolean {
  return field === 'size' || field === 'layout';
}

function isNeedless(field: string, { to, mode }: CardDraft): boolean {
  return field === 'cropFraction' && (to !== undefined || mode === 'none');
}

/** A card's fields, in its order. */
function fieldsOf(
  draft: CardDraft,
  { name, model, sha256 }: Required<Pick<ModelCard, 'name' | 'model' | 'sha256'>>,
  path: string,
): object {
  return {
    name,
    model: relative(resolve(dirname(path)), resolve(model))
      .split(sep)
      .join('/'),
    sha256,
    input: {
      name: draft.inputName,
      size: squareAsSide(draft.size!),
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
      cropFraction:
        draft.to === undefined && draft.mode !== 'none' ? draft.cropFraction : undefined,
      to: draft.to,
      longest: draft.longest,
      crop: draft.crop,
      fill: draft.fill,
    },
    classes: draft.classes,
    output: {
      name: draft.outputName,
      kind: draft.outputKind,
      step: draft.outputStep,
      zeroPoint: draft.outputZeroPoint,
    },
  };
}

function squareAsSide(size: ModelCard['input']['size']): ModelCard['input']['size'] {
  return typeof size !== 'number' && size[0] === size[1] ? size[0] : size;
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
  if (!overwrite)
    await requireNoFile(path, 'pass --overwrite to replace it, or choose another --out');
  const drafted = await draftModelCard(input);
  try {
    await makeFolder(dirname(path));
    await writeWhole(
      path,
      `# yaml-language-server: $schema=${schemaPath(path, 'model-card')}\n${drafted.text}`,
    );
  } catch (error) {
    throw explainError(error, path);
  }
  return drafted;
}

/** The input with its defaults. */
function placeOf({ model, out, name = nameOfModel(model) }: DraftInput): {
  name: string;
  path: string;
} {
  return { name, path: out ?? join(dirname(model), `${name}.yaml`) };
}

/**
 * Reads a list of synsets, one per line.
 * @throws EvaluationError that names the line; OutputError where it cannot be read
 */
export async function readSynsetList(path: string): Promise<string[]> {
  const text = await readRegularText(path);
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
