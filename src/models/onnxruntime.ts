import { createRequire } from 'node:module';
import type * as Onnxruntime from 'onnxruntime-node';
import { EvaluationError, messageOf } from '../errors.js';
import { requireRegularFile } from '../files/read-file.js';
import type { Provider, SessionOptions } from './provider.js';

/**
 * Loads a model's graph.
 *
 * @param options profile: how the path of a profile of its runs begins
 * @throws EvaluationError `model-unreadable`, `provider-unavailable`, `onnxruntime-missing`
 * @throws OutputError where there is no such file
 */
export async function loadModel(
  path: string,
  { provider = 'cpu', threads, profile }: SessionOptions & { profile?: string | undefined } = {},
): Promise<Onnxruntime.InferenceSession> {
  await requireRegularFile(path);
  const { InferenceSession, listSupportedBackends } = await loadOnnxruntime();
  requireProvider(
    provider,
    listSupportedBackends().map(({ name }) => name),
  );
  try {
    return await InferenceSession.create(path, {
      executionProviders: [provider],
      logSeverityLevel: 4,
      // Threads that spin while they wait take the cores from the workers that prepare images.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
    });
  } catch (cause) {
    if (provider === 'cpu') {
      throw new EvaluationError(`it cannot be loaded as ONNX: ${firstLine(cause)}`, {
        code: 'model-unreadable',
        path,
        fix: 'check the file',
        cause,
      });
    }
    throw noProvider(provider, `it does not start on this machine: ${firstLine(cause)}`, cause);
  }
}

function requireProvider(provider: Provider, known: readonly string[]): void {
  if (known.includes(provider)) return;
  throw noProvider(provider, `this build of onnxruntime has only ${known.join(', ')}`);
}

function noProvider(provider: Provider, problem: string, cause?: unknown): EvaluationError {
  return new EvaluationError(`the provider "${provider}" is not available: ${problem}`, {
    code: 'provider-unavailable',
    fix: 'leave out --provider to run on the CPU',
    cause,
  });
}

/** What onnxruntime said, in one line, without the place in its source that it puts before it. */
export function firstLine(error: unknown): string {
  const [line] = messageOf(error).split('\n') as [string];
  return line.replace(/\/\S+\.(?:cc|h):\d+ [^)]*\) /, ' ').slice(0, 300);
}

/**
 * On Linux its install script downloads CUDA libraries from outside the npm registry. Where that
 * fails, npm leaves the package out; the part for the CPU needs no script.
 */
const INSTALL_ONNXRUNTIME =
  'run "npm install --ignore-scripts" in the folder that patchml is installed in, or "npm install --global --ignore-scripts patchml"';

/**
 * Loads onnxruntime itself, which takes long and is only needed where a model runs.
 *
 * @throws EvaluationError `onnxruntime-missing` where it is not installed or does not load
 */
async function loadOnnxruntime(): Promise<typeof Onnxruntime> {
  try {
    return await import('onnxruntime-node');
  } catch (cause) {
    const isInstalled = (cause as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND';
    throw new EvaluationError(
      isInstalled
        ? `onnxruntime, which runs models, does not load: ${firstLine(cause)}`
        : 'onnxruntime, which runs models, is not installed',
      {
        code: 'onnxruntime-missing',
        fix: isInstalled
          ? 'check that onnxruntime-node has a build for this system'
          : INSTALL_ONNXRUNTIME,
        cause,
      },
    );
  }
}

/**
 * Makes a tensor; float16 from its bits. On Node 24 onnxruntime turns these into a Float16Array,
 * which its own native part reads as empty (microsoft/onnxruntime#26791), so they are put back.
 */
export async function newTensor(
  type: 'float32' | 'float16' | 'uint8',
  values: Float32Array | Uint16Array | Uint8Array,
  dims: readonly number[],
): Promise<Onnxruntime.Tensor> {
  const { Tensor } = await loadOnnxruntime();
  const tensor = new Tensor(type, values as Uint8Array, dims);
  return tensor.data === values ? tensor : Object.assign(tensor, { cpuData: values });
}

/** Keeps onnxruntime's own log off standard error. Applies to the entire process: meant for programs only. */
export async function silenceOnnxruntime(): Promise<void> {
  (await loadOnnxruntime()).env.logLevel = 'fatal';
}

/**
 * Makes onnxruntime look for hardware and log what it finds on standard error, which it does before
 * the first model: here none. Meant for a process of its own.
 */
export async function listHardware(): Promise<void> {
  const { env, InferenceSession } = await loadOnnxruntime();
  env.logLevel = 'verbose';
  await InferenceSession.create(new Uint8Array(0)).catch(() => undefined);
}

/** The version of onnxruntime that models run on, or `not installed`. */
export function onnxruntimeVersion(): string {
  try {
    const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as {
      version: string;
    };
    return version;
  } catch {
    return 'not installed';
  }
}
