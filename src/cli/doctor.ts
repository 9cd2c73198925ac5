import { availableParallelism, freemem, totalmem } from 'node:os';
import type { CommandModule } from 'yargs';
import { bytesText, toTerminalTable } from '../text.js';
import { PATCHML_VERSION } from '../version.js';
import { examples, shared } from './flags.js';
import { run } from './run.js';

export const doctorCommand: CommandModule<object, { json: boolean }> = {
  command: 'doctor',
  describe: 'Show versions and resources, and check the native libraries',
  builder: (args) =>
    args
      .options({ json: shared.json })
      .epilogue(examples(['What to put into a bug report', 'doctor'])),
  handler: run(async () => {
    const { freeSpace } = await import('../files/folders.js');
    const { checkCodecs, codecVersions } = await import('../image/codecs.js');
    const { onnxruntimeVersion, silenceOnnxruntime } = await import('../models/onnxruntime.js');
    const { checkModels } = await import('../models/session.js');
    await silenceOnnxruntime().catch(() => undefined); // that it is missing is a finding
    const parts = { ...(await checkCodecs()), models: await checkModels() };
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
    return {
      result: report,
      text: toTerminalTable({ rows: Object.entries(report) }),
      isFailed: Object.values(parts).some((state) => state !== 'works'),
    };
  }),
};
