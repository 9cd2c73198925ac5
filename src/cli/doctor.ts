import { availableParallelism, freemem, totalmem } from 'node:os';
import type { CommandModule } from 'yargs';
import type { Adapter } from '../models/adapters.js';
import { bytesText, toTerminalTable } from '../text.js';
import { PATCHML_VERSION } from '../version.js';
import { examples, shared } from './flags.js';
import { run } from './run.js';

export const doctorCommand: CommandModule<object, { json: boolean }> = {
  command: 'doctor',
  describe: 'Show versions, resources and GPUs, and check the native libraries',
  builder: (args) =>
    args
      .options({ json: shared.json })
      .epilogue(examples(['What to put into a bug report', 'doctor'])),
  handler: run(async () => {
    const { freeSpace } = await import('../files/folders.js');
    const { checkCodecs, codecVersions } = await import('../image/codecs.js');
    const { onnxruntimeVersion, silenceOnnxruntime } = await import('../models/onnxruntime.js');
    const { adapterText, findAdapters } = await import('../models/adapters.js');
    const { checkModels } = await import('../models/session.js');
    await silenceOnnxruntime().catch(() => undefined); // that it is missing is a finding
    const parts = { ...(await checkCodecs()), models: await checkModels() };
    const { adapters, provider, reason } = await findAdapters({ software: true });
    const report = {
      patchml: PATCHML_VERSION,
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      ...(await codecVersions()),
      onnxruntime: onnxruntimeVersion(),
      cores: availableParallelism(),
      memory: `${bytesText(freemem())} free of ${bytesText(totalmem())}`,
      'free disk here': bytesText(await freeSpace('.')),
      ...parts,
    };
    const rows = [
      ...Object.entries(report),
      ...adapters.map((adapter) => ['adapter', `${adapterText(adapter)}, ${kindOf(adapter)}`]),
      ['--provider auto', `${provider}: ${reason}`],
    ];
    return {
      result: { ...report, adapters, auto: { provider, reason } },
      text: toTerminalTable({ rows }),
      isFailed: Object.values(parts).some((state) => state !== 'works'),
    };
  }),
};

function kindOf({ type, isSoftware }: Adapter): string {
  return isSoftware ? 'software' : type.toUpperCase();
}
