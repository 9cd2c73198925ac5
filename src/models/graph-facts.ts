import type { InferenceSession } from 'onnxruntime-node';
import { EvaluationError } from '../errors.js';
import { type CardDraft, inputSize } from './card.js';
import { CLASS_COUNT } from './classes.js';
import { newTensor } from './onnxruntime.js';
import { type InputType, newValues } from './preprocess.js';
import { doesNotRun, INPUT_TYPES, toFloat32, wrongInputType } from './session.js';

type Metadata = InferenceSession.ValueMetadata;

/**
 * Checks that a graph takes images at all, before anybody is asked how these are prepared.
 *
 * @param path of the model
 * @throws EvaluationError `model-input-type`, `model-input-shape`
 */
export function requireImageInput(
  session: InferenceSession,
  { inputName }: CardDraft,
  path: string,
): void {
  const input = pick(session.inputNames, session.inputMetadata, inputName);
  if (input === undefined) return; // one of several, which is asked for
  if (!input.isTensor || !INPUT_TYPES.includes(input.type)) throw wrongInputType(input, path);
  // A graph that says nothing of its dimensions has none here.
  if (input.shape.length === 4 || input.shape.length === 0) return;
  const shape = `[${input.shape.join(', ')}]`;
  throw new EvaluationError(
    `its input "${input.name}" has shape ${shape}, expected four dimensions: a batch of images`,
    {
      code: 'model-input-shape',
      path,
      fix: 'export it with an input of [batch, 3, height, width] or [batch, height, width, 3]',
    },
  );
}

/** Pixels as they are: what a graph of bytes takes, whatever a config says of its normalisation. */
const AS_BYTES: CardDraft = { scale: 1, mean: [0, 0, 0], std: [1, 1, 1] };

/** What a graph of bytes says of the values. */
export function readInputValues(session: InferenceSession, known: CardDraft): CardDraft {
  const input = pick(session.inputNames, session.inputMetadata, known.inputName);
  return input?.isTensor && input.type === 'uint8' ? AS_BYTES : {};
}

/**
 * What a graph says of its input: the order of its dimensions, and its size where it is fixed.
 *
 * @param known what is known of it from elsewhere
 */
export function readInputShape(session: InferenceSession, known: CardDraft): CardDraft {
  const input = pick(session.inputNames, session.inputMetadata, known.inputName);
  if (!input?.isTensor || input.shape.length !== 4) return {};
  const { shape } = input;
  const layout = known.layout ?? (shape[1] === 3 ? 'NCHW' : shape[3] === 3 ? 'NHWC' : undefined);
  if (layout === undefined) return {};
  const [height, width] = layout === 'NCHW' ? [shape[2], shape[3]] : [shape[1], shape[2]];
  if (typeof height !== 'number' || typeof width !== 'number' || height < 1 || width < 1) {
    return { layout };
  }
  return { layout, size: height === width ? width : [width, height] };
}

function pick(
  names: readonly string[],
  metadata: readonly Metadata[],
  asked: string | undefined,
): Metadata | undefined {
  if (asked !== undefined) return metadata.find(({ name }) => name === asked);
  return names.length === 1 ? metadata[0] : undefined;
}

/**
 * What one run shows of a model's outputs, whatever its graph says of their shape: the number of its
 * classes, and whether they are probabilities. What it leaves open stays out.
 *
 * @param known how it is fed, and which output counts where it has several
 * @throws EvaluationError `model-does-not-run`
 */
export async function readOutputs(
  session: InferenceSession,
  { size, layout, inputName, outputName, classes, outputKind }: CardDraft,
  model: string,
): Promise<CardDraft> {
  if (classes !== undefined && outputKind !== undefined) return {};
  const input = pick(session.inputNames, session.inputMetadata, inputName);
  if (!input?.isTensor || !INPUT_TYPES.includes(input.type)) return {};
  const output = pick(session.outputNames, session.outputMetadata, outputName)?.name;
  if (size === undefined || layout === undefined || output === undefined) return {};
  const [width, height] = inputSize({ size });
  const [batch] = input.shape;
  const images = typeof batch === 'number' && batch > 0 ? batch : 1;
  const dims = layout === 'NCHW' ? [images, 3, height, width] : [images, height, width, 3];
  const type = input.type as InputType;
  const values = newValues(type, images * 3 * width * height);
  for (let at = 0; at < values.length; at += 3) values[at] = 1;
  const tensor = await newTensor(type, values, dims);
  const results = await session.run({ [input.name]: tensor }, [output]).catch((cause: unknown) => {
    throw doesNotRun(cause, dims, model);
  });
  const { [output]: result } = results;
  const scores = result && toFloat32(result);
  if (scores === undefined) return {};
  const row = scores.subarray(0, scores.length / images);
  return { ...classesOf(row.length), ...kindOf(row, result!.type) };
}

function classesOf(outputs: number): CardDraft {
  if (outputs === CLASS_COUNT) return { classes: 'imagenet-1k' };
  return outputs === CLASS_COUNT + 1 ? { classes: 'imagenet-1k-background' } : {};
}

/** Whole numbers are steps of a quantised model, of which it is not said what they stand for. */
function kindOf(row: Float32Array, type: string): CardDraft {
  if (!type.startsWith('float')) return {};
  const sum = row.reduce((total, value) => total + value, 0);
  const isDistribution = row.every((value) => value >= 0) && Math.abs(sum - 1) < 1e-3;
  return { outputKind: isDistribution ? 'probabilities' : 'logits' };
}
