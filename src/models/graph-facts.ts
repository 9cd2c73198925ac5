import type { InferenceSession } from 'onnxruntime-node';
import { type CardDraft, inputSize } from './card.js';
import { CLASS_COUNT } from './classes.js';
import { newTensor } from './onnxruntime.js';
import { type InputType, newValues } from './preprocess.js';
import { toFloat32 } from './session.js';

type Metadata = InferenceSession.ValueMetadata;

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

const TYPES: readonly string[] = ['float32', 'float16', 'uint8'] satisfies InputType[];

/**
 * What one run shows of a model's outputs, whatever its graph says of their shape: the number of its
 * classes, and whether they are probabilities. What it leaves open stays out.
 *
 * @param known how it is fed, and which output counts where it has several
 */
export async function readOutputs(
  session: InferenceSession,
  { size, layout, inputName, outputName }: CardDraft,
): Promise<CardDraft> {
  const input = pick(session.inputNames, session.inputMetadata, inputName);
  if (!input?.isTensor || !TYPES.includes(input.type)) return {};
  const output = pick(session.outputNames, session.outputMetadata, outputName)?.name;
  if (size === undefined || layout === undefined || output === undefined) return {};
  const [width, height] = inputSize({ size });
  const [batch] = input.shape;
  const images = typeof batch === 'number' && batch > 0 ? batch : 1;
  const dims = layout === 'NCHW' ? [images, 3, height, width] : [images, height, width, 3];
  const type = input.type as InputType;
  const values = newValues(type, images * 3 * width * height);
  for (let at = 0; at < values.length; at += 3) values[at] = 1;
  try {
    const tensor = await newTensor(type, values, dims);
    const results = await session.run({ [input.name]: tensor }, [output]);
    const { [output]: result } = results;
    const scores = result && toFloat32(result);
    if (scores === undefined) return {};
    const row = scores.subarray(0, scores.length / images);
    return { ...classesOf(row.length), ...kindOf(row, result!.type) };
  } catch {
    return {}; // it does not run so: what it says stays unknown, and is asked for
  }
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
