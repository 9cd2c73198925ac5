import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { CLASS_COUNT } from './class-mapping.js';
import { inputSize } from './input-size.js';
import type { CardDraft } from './card-draft.js';

/**
 * What a model's graph says of itself: the shape of its input, the number of its classes, and, from
 * one run on noise, whether its outputs are probabilities. What it leaves open stays out.
 * @param known what is known of it from elsewhere
 */
export async function readGraph(session: InferenceSession, known: CardDraft): Promise<CardDraft> {
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
