import type { CommandModule } from 'yargs';
import { EXPORT_NAMES, type ExportName } from '../exports/exports.js';
import { type Released, releaseDataset } from '../release/release.js';
import { toTable } from '../text.js';
import { requireGiven, requireWhole } from './flags.js';
import { interruptible, showProgress } from './run.js';

interface ReleaseFlags {
  dataset: string;
  version: string;
  to: string;
  previous: string | undefined;
  export: (ExportName | 'all')[];
  'recipe-only': boolean;
  'shard-size': number | undefined;
  repository: string | undefined;
  author: string[];
  date: string | undefined;
  quiet: boolean;
  json: boolean;
}

export const releaseCommand: CommandModule<object, ReleaseFlags> = {
  command: 'release [dataset]',
  describe: 'Make a release of a dataset: card, citation, checksums, exports',
  builder: (args) =>
    args
      .positional('dataset', {
        type: 'string',
        demandOption: true,
        describe: 'The dataset folder; the release shares its images, as hard links where it can',
      })
      // This command's own version, not that of patchml.
      .version(false)
      .options({
        version: {
          type: 'string',
          demandOption: true,
          describe: 'Semantic version of the release, such as 1.1.0',
        },
        to: {
          type: 'string',
          default: 'releases',
          describe: 'Folder of releases; this one goes into <name>-<version> in it',
        },
        previous: {
          type: 'string',
          describe: 'The release before, which the version is checked against',
        },
        export: {
          type: 'string',
          array: true,
          nargs: 1,
          default: [],
          choices: [...EXPORT_NAMES, 'all'] as const,
          describe: 'Another form to put in; may be given several times',
        },
        'recipe-only': {
          type: 'boolean',
          default: false,
          describe: 'Publish what makes the images, without any pixels',
        },
        'shard-size': { type: 'number', describe: 'Images a shard, in exports that have shards' },
        repository: { type: 'string', describe: 'Address of where the release is kept' },
        author: {
          type: 'string',
          array: true,
          nargs: 1,
          default: [],
          describe: 'Author for the citation, "Family, Given"; may be given several times',
        },
        date: { type: 'string', describe: 'Day of the release, such as 2026-01-31' },
        quiet: { alias: 'q', type: 'boolean', default: false, describe: 'Print errors only' },
        json: { type: 'boolean', default: false, describe: 'Print the result as JSON' },
      })
      .check(({ dataset, 'shard-size': shardSize }) => {
        requireGiven('dataset', dataset);
        if (shardSize !== undefined) requireWhole('shard-size', shardSize);
        return true;
      }),
  handler: async (flags) => {
    const progress = showProgress(flags);
    const released = await interruptible((signal) =>
      releaseDataset(
        {
          dataset: flags.dataset,
          version: flags.version,
          to: flags.to,
          previous: flags.previous,
          exports: exportsOf(flags.export),
          recipeOnly: flags['recipe-only'],
          shardSize: flags['shard-size'],
          repository: flags.repository,
          authors: flags.author,
          date: flags.date,
        },
        { signal, onProgress: progress.show },
      ),
    ).finally(progress.stop);
    print(flags, released);
  },
};

function exportsOf(named: readonly (ExportName | 'all')[]): readonly ExportName[] {
  return EXPORT_NAMES.filter((name) => named.includes(name) || named.includes('all'));
}

function print({ quiet, json }: ReleaseFlags, { folder, release, isNew }: Released): void {
  if (json) console.log(JSON.stringify({ folder, isNew, ...release }, null, 2));
  else if (!quiet) {
    console.log(
      toTable([
        ['release', folder],
        ['name', `${release.name} ${release.version}${isNew ? '' : ', was there already'}`],
        ['kind', release.kind === 'full' ? 'with the images' : 'recipe only, no pixels'],
        ['exports', release.exports.length === 0 ? 'none' : release.exports.join(', ')],
        ['previous', release.previous?.version ?? 'none'],
        ['digest', release.dataset],
      ]),
    );
  }
}
