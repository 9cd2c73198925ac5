// A process of its own, since a driver that fails may take its process with it. `list` makes
// onnxruntime log what hardware it finds; `try` starts WebGPU and prints an `AdapterTrial` as JSON.
import { readdirSync, readlinkSync } from 'node:fs';
import type { AdapterTrial } from './adapters.js';
import { listHardware } from './onnxruntime.js';
import { checkModels } from './session.js';

if (process.argv[2] === 'list') await listHardware();
else process.stdout.write(JSON.stringify(await tryWebGpu()));

async function tryWebGpu(): Promise<AdapterTrial> {
  const trial = { libraries: [] as string[], devices: [] as string[] };
  const state = await checkModels('webgpu', () => {
    trial.libraries = loadedLibraries();
    trial.devices = openDevices();
  });
  return { state, ...trial };
}

/** Drivers are among them. */
function loadedLibraries(): string[] {
  Object.assign(process.report, { excludeNetwork: true }); // whose names it would look up
  return (process.report.getReport() as { sharedObjects: string[] }).sharedObjects;
}

/** What a driver of hardware keeps open under Linux. */
function openDevices(): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/fd').flatMap((file) => {
    try {
      return readlinkSync(`/proc/self/fd/${file}`);
    } catch {
      return []; // of this very listing
    }
  });
}
