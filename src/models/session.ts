import { fileURLToPath } from 'node:url';
import { Float16Array } from '@petamoriken/float16';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { type ErrorCode, EvaluationError, messageOf } from '../errors.js';
import { inputSize, loadModelCard, type ModelCard } from './card.js';
import { classMapping } from './classes.js';
import { firstLine, loadModel, loadOnnxruntime } from './onnxruntime.js';
import { type InputType, type InputValues, newValues, valuesPerImage } from './preprocess.js';
import type { SessionOptions } from './provider.js';

/** A model that is loaded and fits its card. */
export interface ModelSession {
  inputType: InputType;
  /** The only number of images that the graph takes at once; undefined where it takes any. */
  fixedBatch: number | undefined;
  /**
   * Runs a batch.
   * @param values [images x 3 x height x width], or as the card's layout says
   * @returns [images x outputs], row major
   */
  run: (values: InputValues, images: number) => Promise<Float32Array>;
  close: () => Promise<void>;
}

/**
 * Loads a model and checks it against its card, with one run on an empty image, before any image of
 * an evaluation set is read.
 * @throws EvaluationError `model-...` or `provider-unavailable`
 */
export async function openModelSession(
  card: ModelCard,
  options: SessionOptions = {},
): Promise<ModelSession> {
  const session = await loadModel(card.model, options);
  const { Tensor } = await loadOnnxruntime();
  const input = checkInput(session, card);
  const outputName = pickName('output', card.output.name, session.outputNames, card);
  const { outputs } = classMapping(card);
  const perImage = valuesPerImage(card.input);
  const [width, height] = inputSize(card.input);
  const dims = card.input.layout === 'NCHW' ? [3, height, width] : [height, width, 3];
  const run = async (values: InputValues, images: number): Promise<Float32Array> => {
    const tensor = new Tensor(input.type, values as Uint8Array, [images, ...dims]);
    const results = await session.run({ [input.name]: tensor }, [outputName]);
    const output = results[outputName]!;
    if (output.size !== images * outputs) {
      throw modelError(
        `its output "${outputName}" has shape [${output.dims.join(', ')}], the card's classes are ${outputs}`,
        'model-class-count',
        card,
        'correct `classes` in its card',
      );
    }
    return toFloat32(output, outputName, card);
  };
  const trial = input.fixedBatch ?? 1;
  try {
    await run(newValues(input.type, trial * perImage), trial);
  } catch (cause) {
    await session.release();
    if (cause instanceof EvaluationError) throw cause;
    throw modelError(
      `it does not run on an input of ${[trial, ...dims].join(' x ')}: ${firstLine(cause)}`,
      'model-does-not-run',
      card,
      'correct `input` in its card',
      cause,
    );
  }
  return {
    inputType: input.type,
    fixedBatch: input.fixedBatch,
    run,
    close: () => session.release(),
  };
}

interface GraphInput {
  name: string;
  type: InputType;
  fixedBatch: number | undefined;
}

const INPUT_TYPES: readonly string[] = ['float32', 'float16', 'uint8'] satisfies InputType[];

function checkInput(session: InferenceSession, card: ModelCard): GraphInput {
  const name = pickName('input', card.input.name, session.inputNames, card);
  const metadata = session.inputMetadata.find((input) => input.name === name)!;
  if (!metadata.isTensor || !INPUT_TYPES.includes(metadata.type)) {
    const got = metadata.isTensor ? metadata.type : 'no tensor';
    throw modelError(
      `its input "${name}" is ${got}, expected float32, float16 or uint8`,
      'model-input-type',
      card,
      'export it with another input type',
    );
  }
  const [width, height] = inputSize(card.input);
  const expected = card.input.layout === 'NCHW' ? [3, height, width] : [height, width, 3];
  const [batch, ...shape] = metadata.shape;
  const fits =
    shape.length === 3 && shape.every((size, at) => !isFixed(size) || size === expected[at]);
  if (!fits) {
    throw modelError(
      `its input "${name}" has shape [${metadata.shape.join(', ')}], the card says [batch, ${expected.join(', ')}] (${card.input.layout})`,
      'model-input-shape',
      card,
      'correct `input.size` and `input.layout` in its card',
    );
  }
  const type = metadata.type as InputType;
  if (type === 'uint8') requireWholePixels(card);
  return { name, type, fixedBatch: isFixed(batch) ? batch : undefined };
}

function isFixed(size: number | string | undefined): size is number {
  return typeof size === 'number' && size > 0;
}

/** An input of bytes takes pixels as they are. */
function requireWholePixels(card: ModelCard): void {
  const { scale, mean, std } = card.input;
  if (scale === 1 && mean.every((value) => value === 0) && std.every((value) => value === 1)) {
    return;
  }
  throw modelError(
    'its input takes bytes, which are not normalised',
    'model-input-type',
    card,
    'set scale 1, mean [0, 0, 0] and std [1, 1, 1] in its card',
  );
}

function pickName(
  kind: 'input' | 'output',
  asked: string | undefined,
  names: readonly string[],
  card: ModelCard,
): string {
  const [only, ...others] = names;
  if (asked === undefined && only !== undefined && others.length === 0) return only;
  if (asked !== undefined && names.includes(asked)) return asked;
  const problem =
    asked === undefined
      ? `it has several ${kind}s: ${names.join(', ')}`
      : `it has no ${kind} "${asked}", but ${names.join(', ')}`;
  throw modelError(problem, `model-${kind}-name`, card, `name one as \`${kind}.name\` in its card`);
}

function toFloat32(output: Tensor, name: string, card: ModelCard): Float32Array {
  const { data } = output;
  if (data instanceof Float32Array) return data;
  if (output.type === 'float16') {
    const bits = data as unknown as Uint16Array;
    return Float32Array.from(new Float16Array(bits.buffer, bits.byteOffset, bits.length));
  }
  throw modelError(
    `its output "${name}" is ${output.type}, expected float32 or float16`,
    'model-output-type',
    card,
    'name another as `output.name` in its card',
  );
}

function modelError(
  problem: string,
  code: ErrorCode & `model-${string}`,
  { model }: ModelCard,
  fix: string,
  cause?: unknown,
): EvaluationError {
  return new EvaluationError(problem, { code, path: model, fix, cause });
}

const CARD = fileURLToPath(new URL('../../../configs/models/sample.yaml', import.meta.url));

/** Runs the bundled model once: `works`, or what onnxruntime says. */
export async function checkModels(): Promise<string> {
  try {
    const session = await openModelSession(await loadModelCard(CARD));
    await session.close();
    return 'works';
  } catch (error) {
    return messageOf(error);
  }
}
