import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Float16Array } from '@petamoriken/float16';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { type ErrorCode, EvaluationError, messageOf } from '../errors.js';
import { inputSize, loadModelCard, type ModelCard } from './card.js';
import { CLASS_COUNT, classMapping } from './classes.js';
import { firstLine, loadModel, newTensor } from './onnxruntime.js';
import { type InputType, type InputValues, newValues, valuesPerImage } from './preprocess.js';
import type { ScoreScale } from '../predictions/source.js';
import type { Provider, SessionOptions } from './provider.js';

/** A model that is loaded and fits its card. */
export interface ModelSession {
  inputType: InputType;
  /** What the scores are that it gives. */
  scale: ScoreScale;
  /** The only number of images that the graph takes at once; undefined where it takes any. */
  fixedBatch: number | undefined;
  /**
   * Operators that the provider lacks and leaves to the processor, with how many nodes of the graph
   * they are; empty where the processor runs all.
   */
  onCpu: Record<string, number>;
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
  if ((options.provider ?? 'cpu') !== 'cpu') return openProfiled(card, options);
  return fitOrRelease(await loadModel(card.model, options), card);
}

/** Opens a model for another provider than the processor, and notes what that leaves to it. */
async function openProfiled(card: ModelCard, options: SessionOptions): Promise<ModelSession> {
  const folder = await mkdtemp(join(tmpdir(), 'patchml-profile-'));
  try {
    const loaded = await loadModel(card.model, { ...options, profile: join(folder, 'run') });
    const session = await fitOrRelease(loaded, card);
    loaded.endProfiling();
    // That a profile cannot be read is no reason not to run a model.
    return { ...session, onCpu: await readOnCpu(folder).catch(() => ({})) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What onnxruntime's profile of one run says of a node. */
interface ProfiledNode {
  cat?: string;
  args?: { provider?: string; op_name?: string };
}

async function readOnCpu(folder: string): Promise<Record<string, number>> {
  const onCpu: Record<string, number> = {};
  for (const file of await readdir(folder)) {
    for (const { cat, args } of JSON.parse(
      await readFile(join(folder, file), 'utf8'),
    ) as ProfiledNode[]) {
      if (cat !== 'Node' || args?.provider !== 'CPUExecutionProvider') continue;
      const name = args.op_name ?? 'unknown';
      onCpu[name] = (onCpu[name] ?? 0) + 1;
    }
  }
  return onCpu;
}

async function fitOrRelease(session: InferenceSession, card: ModelCard): Promise<ModelSession> {
  try {
    return await fitSession(session, card);
  } catch (error) {
    await session.release();
    throw error;
  }
}

/**
 * Checks a model that is loaded against a card, with one run on an empty image.
 * @throws EvaluationError `model-...`
 */
export async function fitSession(
  session: InferenceSession,
  card: ModelCard,
): Promise<ModelSession> {
  const input = checkInput(session, card);
  const outputName = pickName('output', card.output.name, session.outputNames, card);
  const { outputs } = classMapping(card);
  const perImage = valuesPerImage(card.input);
  const [width, height] = inputSize(card.input);
  const dims = card.input.layout === 'NCHW' ? [3, height, width] : [height, width, 3];
  let scale: ScoreScale = card.output.kind;
  const run = async (values: InputValues, images: number): Promise<Float32Array> => {
    const tensor = await newTensor(input.type, values, [images, ...dims]);
    const results = await session.run({ [input.name]: tensor }, [outputName]);
    const output = results[outputName]!;
    if (output.size !== images * outputs) throw otherClasses(output, outputName, outputs, card);
    const scores = toFloat32(output);
    scale = scaleOf(output, outputName, card);
    if (scores !== undefined) return inSteps(scores, card);
    throw modelError(
      `its output "${outputName}" is ${output.type}, expected numbers`,
      'model-output-type',
      card,
      'set `output.name` in its card to another output (--output-name of "model add")',
    );
  };
  const trial = input.fixedBatch ?? 1;
  try {
    await run(newValues(input.type, trial * perImage), trial);
  } catch (cause) {
    if (cause instanceof EvaluationError) throw cause;
    throw doesNotRun(cause, [trial, ...dims], card.model);
  }
  return {
    inputType: input.type,
    scale,
    fixedBatch: input.fixedBatch,
    onCpu: {},
    run,
    close: () => session.release(),
  };
}

/** Runs a batch, behind which a graph that takes no smaller one gets empty images. */
export async function runBatch(
  { fixedBatch, inputType, run }: ModelSession,
  values: InputValues,
  images: number,
): Promise<Float32Array> {
  if (fixedBatch === undefined || fixedBatch === images) return run(values, images);
  const perImage = values.length / images;
  const full = newValues(inputType, fixedBatch * perImage);
  full.set(values);
  const outputs = await run(full, fixedBatch);
  return outputs.slice(0, (outputs.length / fixedBatch) * images);
}

/** A model that onnxruntime cannot run on an input. */
export function doesNotRun(cause: unknown, dims: readonly number[], path: string): EvaluationError {
  return new EvaluationError(
    `it does not run on an input of ${dims.join(' x ')}: ${firstLine(cause)}`,
    {
      code: 'model-does-not-run',
      path,
      fix: 'correct `input` in its card (--size or --layout of "model add")',
      cause,
    },
  );
}

/** @throws EvaluationError `model-output-type` where the card has steps, and the model none */
function scaleOf({ type }: Tensor, name: string, card: ModelCard): ScoreScale {
  const { step, kind } = card.output;
  const isWhole = !type.startsWith('float');
  if (isWhole) return step === undefined ? 'quantised' : kind;
  if (step === undefined) return kind;
  throw modelError(
    `its output "${name}" is ${type}, but the card has a step for integers`,
    'model-output-type',
    card,
    'remove `output.step` and `output.zeroPoint` from its card',
  );
}

/** What the whole numbers of a quantised model stand for, where its card says it. */
function inSteps(scores: Float32Array, { output }: ModelCard): Float32Array {
  const { step, zeroPoint = 0 } = output;
  return step === undefined ? scores : scores.map((score) => (score - zeroPoint) * step);
}

function otherClasses(
  output: Tensor,
  name: string,
  expected: number,
  card: ModelCard,
): EvaluationError {
  const hasBackground = output.dims.at(-1) === CLASS_COUNT + 1 && expected === CLASS_COUNT;
  return modelError(
    `its output "${name}" has shape [${output.dims.join(', ')}], but the card has ${expected} classes`,
    'model-class-count',
    card,
    hasBackground
      ? 'if the first is a background class, set `classes` in its card to imagenet-1k-background (--classes of "model add")'
      : 'correct `classes` in its card (--classes of "model add")',
  );
}

interface GraphInput {
  name: string;
  type: InputType;
  fixedBatch: number | undefined;
}

/** What a model can be fed with. */
export const INPUT_TYPES: readonly string[] = ['float32', 'float16', 'uint8'] satisfies InputType[];

function checkInput(session: InferenceSession, card: ModelCard): GraphInput {
  const name = pickName('input', card.input.name, session.inputNames, card);
  const metadata = session.inputMetadata.find((input) => input.name === name)!;
  if (!metadata.isTensor || !INPUT_TYPES.includes(metadata.type)) {
    throw wrongInputType(metadata, card.model);
  }
  const [width, height] = inputSize(card.input);
  const expected = card.input.layout === 'NCHW' ? [3, height, width] : [height, width, 3];
  const [batch, ...shape] = metadata.shape;
  const fits =
    shape.length === 3 && shape.every((size, at) => !isFixed(size) || size === expected[at]);
  if (!fits) {
    throw modelError(
      `its input "${name}" has shape [${metadata.shape.join(', ')}], but the card says [batch, ${expected.join(', ')}] (${card.input.layout})`,
      'model-input-shape',
      card,
      'correct `input.size` and `input.layout` in its card (--size and --layout of "model add")',
    );
  }
  const type = metadata.type as InputType;
  if (type === 'uint8') requireWholePixels(card);
  return { name, type, fixedBatch: isFixed(batch) ? batch : undefined };
}

/** An input that cannot be fed. */
export function wrongInputType(
  input: InferenceSession.ValueMetadata,
  path: string,
): EvaluationError {
  const got = input.isTensor ? input.type : 'no tensor';
  return new EvaluationError(
    `its input "${input.name}" is ${got}, expected float32, float16 or uint8`,
    { code: 'model-input-type', path, fix: 'export it with one of these input types' },
  );
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
    'its input takes bytes, which cannot be normalised',
    'model-input-type',
    card,
    'set scale 1, mean [0, 0, 0] and std [1, 1, 1] in its card (--scale 1 --mean 0,0,0 --std 1,1,1 of "model add")',
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
      : `it has no ${kind} "${asked}", only ${names.join(', ')}`;
  throw modelError(
    problem,
    `model-${kind}-name`,
    card,
    `set \`${kind}.name\` in its card (--${kind}-name of "model add")`,
  );
}

/**
 * The numbers of an output as they are: the whole ones of a quantised model rank classes as the
 * numbers do that they stand for. Undefined for anything but numbers.
 */
export function toFloat32({ data, type }: Tensor): Float32Array | undefined {
  if (data instanceof Float32Array) return data;
  if (type === 'float16') {
    const { buffer, byteOffset, length } = data as unknown as Uint16Array;
    return Float32Array.from(new Float16Array(buffer, byteOffset, length));
  }
  if (Array.isArray(data) || type === 'bool' || type === 'string') return undefined;
  return Float32Array.from(data as ArrayLike<number | bigint>, Number);
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

/**
 * Runs the bundled model once: `works`, or what onnxruntime says.
 * @param look is called while it is loaded
 */
export async function checkModels(provider: Provider = 'cpu', look?: () => void): Promise<string> {
  try {
    const session = await openModelSession(await loadModelCard(CARD), { provider });
    look?.();
    await session.close();
    return 'works';
  } catch (error) {
    return messageOf(error);
  }
}
