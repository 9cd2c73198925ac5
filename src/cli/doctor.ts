import { availableParallelism, freemem, totalmem } from 'node:os';
import type { CommandModule } from 'yargs';
import { freeSpace } from '../files/folders.js';
import { checkCodecs, codecVersions } from '../image/codecs.js';
import { checkModels, onnxruntimeVersion } from '../models/session.js';
import { toTable } from '../text.js';
import { PATCHML_VERSION } from '../version.js';

export const doctorCommand: CommandModule<object, { json: boolean }> = {
  command: 'doctor',
  describe: 'Versions, cores, memory, disk, and whether the native parts work; exit 1 if not',
  builder: (args) =>
    args.options({
      json: { type: 'boolean', default: false, describe: 'Print the result as JSON' },
    }),
  handler: async ({ json }) => {
    const parts = { ...(await checkCodecs()), models: await checkModels() };
    const report = {
      patchml: PATCHML_VERSION,
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      ...codecVersions(),
      onnxruntime: onnxruntimeVersion(),
      cores: availableParallelism(),
      memory: `${gigabytes(freemem())} free of ${gigabytes(totalmem())}`,
      'free disk here': gigabytes(await freeSpace('.')),
      ...parts,
    };
    if (json) console.log(JSON.stringify(report, null, 2));
    else console.log(toTable(Object.entries(report)));
    if (Object.values(parts).some((state) => state !== 'works')) process.exitCode = 1;
  },
};

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
