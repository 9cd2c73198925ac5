import type { CommandModule } from 'yargs';
import type { Exported, ExportName } from '../exports/exports.js';
import { countText, toTerminalTable } from '../text.js';
import { examples, requireGiven, shared, wholeNumber } from './flags.js';
import { run } from './run.js';

interface ExportFlags {
  dataset: string;
  format: ExportName;
  out: string;
  'shard-size': number | undefined;
  quiet: boolean;
  json: boolean;
}

export const exportCommand: CommandModule<object, ExportFlags> = {
  command: 'export [dataset]',
  describe: 'Write a dataset in the format of another tool, without a release',
  builder: async (args) => {
    const { EXPORT_NAMES } = await import('../exports/exports.js');
    return args
      .positional('dataset', {
        type: 'string',
        demandOption: true,
        describe: 'The dataset folder',
      })
      .options({
        format: {
          type: 'string',
          demandOption: true,
          choices: EXPORT_NAMES,
          describe: 'The format to write',
        },
        out: {
          alias: 'o',
          type: 'string',
          demandOption: true,
          describe: 'The folder to write, which must be empty or absent',
        },
        'shard-size': wholeNumber('shard-size', 'Images per shard, in formats that have shards'),
        quiet: shared.quiet,
        json: shared.json,
      })
      .check(({ dataset }) => {
        requireGiven('dataset', dataset);
        return true;
      })
      .epilogue(
        examples(
          ['For object detection', 'export output/my-dataset --format coco -o exports/coco'],
          [
            'For streaming, with small shards',
            'export output/my-dataset --format webdataset -o exports/wds --shard-size 200',
          ],
        ),
      );
  },
  handler: run(async ({ dataset, format, out, 'shard-size': shardSize }, tools) => {
    const { exportDataset } = await import('../exports/exports.js');
    const exported = await exportDataset({ dataset, format, out }, { ...tools, shardSize });
    return { result: exported, text: toText(exported) };
  }),
};

function toText({ folder, format, images, files, bytes }: Exported): string {
  return toTerminalTable({
    rows: [
      ['export', folder],
      ['format', format],
      ['images', countText(images)],
      ['files', countText(files)],
      ['bytes', countText(bytes)],
    ],
  });
}
