import { execFile, type ExecFileException } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../errors.js';
import type { Provider } from './provider.js';

/** A device that a model could run on, beside the processor. */
export interface Adapter {
  /** As the system calls it, else by its number. */
  name: string;
  /** Such as `NVIDIA`; empty where it is not known. */
  vendor: string;
  type: 'gpu' | 'npu';
  /** Whether it is a program that does a GPU's work on the processor. */
  isSoftware: boolean;
}

/** What there is to run models on. */
export interface FoundAdapters {
  adapters: Adapter[];
  /** What `auto` takes: WebGPU where a GPU that is not software runs a model, else the processor. */
  provider: Extract<Provider, 'webgpu' | 'cpu'>;
  /** Why, in a few words. */
  reason: string;
}

/** What became of a trial of WebGPU. */
export interface AdapterTrial {
  /** `works`, or what onnxruntime says. */
  state: string;
  /** Paths of the libraries that were loaded in the end. */
  libraries: string[];
  /** Paths of the files that were open in the end; empty but under Linux. */
  devices: string[];
}

let found: Promise<FoundAdapters> | undefined;

/**
 * Chooses where models run: on a GPU where there is one that WebGPU reaches, else on the processor.
 * Software renderers are not chosen. GPUs are tried in a process of their own, the first time that
 * this is called; where there are none that takes a tenth of a second.
 */
export function chooseProvider(): Promise<Pick<FoundAdapters, 'provider' | 'reason'>> {
  found ??= findAdapters({ software: false });
  return found;
}

/**
 * Lists GPUs and says which provider {@link chooseProvider} takes.
 * @param options software: also look for software renderers, by starting WebGPU where no GPU is
 */
export async function findAdapters({ software }: { software: boolean }): Promise<FoundAdapters> {
  const { log } = await probe('list');
  const hardware = readHardware(log);
  const hasGpu = hardware.some(({ type }) => type === 'gpu');
  if (!hasGpu && !software) return withoutGpu(hardware);
  const { output, problem } = await probe('try');
  return decide(hardware, readTrial(output, problem));
}

/** What a GPU's driver needs to start and compile a small model, in ms, with much to spare. */
const PATIENCE = 60_000;
const MOST_OUTPUT = 2 ** 24;

/** Runs the probe; that it fails is a finding. */
function probe(what: 'list' | 'try'): Promise<{ output: string; log: string; problem: string }> {
  const script = fileURLToPath(new URL('./adapter-probe.js', import.meta.url));
  const options = { timeout: PATIENCE, killSignal: 'SIGKILL', maxBuffer: MOST_OUTPUT } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, [script, what], options, (error, output, log) => {
      resolve({ output, log, problem: error ? `its driver fails (${endOf(error)})` : '' });
    });
  });
}

function endOf({ killed, signal, code }: ExecFileException): string {
  if (killed === true) return 'no answer within a minute';
  return signal ?? `exit code ${code}`;
}

/** How onnxruntime's log names what it finds; types are numbers of its `OrtHardwareDeviceType`. */
const DEVICE =
  /OrtHardwareDevice \{vendor_id:0x(\w+), device_id:0x(\w+), vendor:([^,}]*), type:([12]), metadata: \[(.*)\]\}/g;

/** GPUs and NPUs in onnxruntime's log. */
export function readHardware(log: string): Adapter[] {
  return [...log.matchAll(DEVICE)].map(([, vendorId, deviceId, vendor = '', type, metadata]) => ({
    name: /Description=([^,\]]+)/.exec(metadata!)?.[1]?.trim() ?? `${vendorId}:${deviceId}`,
    vendor: vendor.trim(),
    type: type === '1' ? 'gpu' : 'npu',
    isSoftware: false,
  }));
}

function readTrial(output: string, problem: string): AdapterTrial {
  try {
    return JSON.parse(output) as AdapterTrial;
  } catch (error) {
    return { state: problem || messageOf(error), libraries: [], devices: [] };
  }
}

/** Libraries that do a GPU's work on the processor, and what they are called. */
const SOFTWARE = [
  [/swiftshader/i, 'SwiftShader'],
  [/vulkan_lvp|llvmpipe/i, 'llvmpipe'],
  [/d3d10warp/i, 'WARP'],
] as const;

/** What a driver of a GPU keeps open under Linux. */
const DEVICE_FILE = /^\/dev\/(?:nvidia\d|dri\/|kfd|dxg|mali|kgsl)/;

/** What is taken, by what hardware there is and what came of a trial. */
export function decide(hardware: readonly Adapter[], trial: AdapterTrial): FoundAdapters {
  const { state, libraries, devices } = trial;
  const gpus = hardware.filter(({ type }) => type === 'gpu');
  const isOpen = devices.some((path) => DEVICE_FILE.test(path));
  const software = SOFTWARE.flatMap(([pattern, name]): Adapter[] =>
    libraries.some((path) => pattern.test(path))
      ? [{ name, vendor: '', type: 'gpu', isSoftware: true }]
      : [],
  );
  const works = state === 'works';
  const adapters = [...hardware, ...(works && !isOpen ? software : [])];
  if (gpus.length === 0) return withoutGpu(adapters);
  const names = gpus.map(adapterText).join(', ');
  if (!works)
    return { adapters, provider: 'cpu', reason: `${names} does not run WebGPU: ${state}` };
  if (software.length > 0 && !isOpen) {
    return {
      adapters,
      provider: 'cpu',
      reason: `WebGPU reaches only ${software[0]!.name}, not ${names}`,
    };
  }
  return { adapters, provider: 'webgpu', reason: names };
}

function withoutGpu(adapters: Adapter[]): FoundAdapters {
  const reason = adapters.some(({ isSoftware }) => isSoftware)
    ? 'there is no GPU but in software'
    : 'there is no GPU';
  return { adapters, provider: 'cpu', reason };
}

/** An adapter's vendor and name. */
export function adapterText({ vendor, name }: Adapter): string {
  return name.startsWith(vendor) ? name : `${vendor} ${name}`;
}
