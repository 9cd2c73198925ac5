import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import { stringify } from 'yaml';
import { EvaluationError, explainError } from '../errors.js';
import { parseModelCard } from './model-card.js';
import { loadModel } from './model-session.js';
import type { CardDraft } from './card-draft.js';
import { readGraph } from './read-graph.js';
import { readModelConfig } from './read-model-config.js';

export interface DraftInput {
  /** The ONNX file. */
  model: string;
  /** Where the card goes; the path of its model is written relative to it. */
  card: string;
  name: string;
  /** What is said by hand, above all else. */
  given: CardDraft;
  /** timm's or Hugging Face's file; by default the one beside the model. */
  config?: string | undefined;
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
 * Makes a model card: from what is given, from the file that the model was published with, and from
 * its graph, in this order.
 * @returns the card as YAML
 * @throws EvaluationError `card-unknown-fields`, which names all that is still to be given
 */
export async function draftCard(input: DraftInput): Promise<string> {
  const session = await loadModel(input.model);
  const published = await readModelConfig(input.model, input.config);
  const known = { ...published, ...input.given };
  const draft: CardDraft = { ...(await readGraph(session, known)), ...known };
  await session.release();
  const missing = Object.entries(FLAGS).filter(
    ([name]) => draft[name as keyof CardDraft] === undefined,
  );
  if (missing.length > 0) {
    const names = missing.map(([name]) => name).join(', ');
    throw new EvaluationError(`neither the model nor a file beside it says ${names}`, {
      code: 'card-unknown-fields',
      path: input.model,
      fix: `give ${missing.map(([, flag]) => flag).join(' ')}`,
    });
  }
  const fields = {
    name: input.name,
    model: relative(resolve(dirname(input.card)), resolve(input.model))
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
  parseModelCard(fields, input.card);
  return stringify(fields);
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
