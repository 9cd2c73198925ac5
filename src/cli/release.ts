import type { CommandModule } from 'yargs';
import type { ExportName } from '../exports/exports.js';
import type { Released } from '../release/release.js';
import { toTable } from '../text.js';
import { requireGiven, shared, wholeNumber } from './flags.js';
import { run } from './run.js';

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
  builder: async (args) => {
    const { EXPORT_NAMES } = await import('../exports/exports.js');
    return (
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
          'shard-size': wholeNumber('shard-size', 'Images a shard, in exports that have shards'),
          repository: { type: 'string', describe: 'Address of where the release is kept' },
          author: {
            type: 'string',
            array: true,
            nargs: 1,
            default: [],
            describe: 'Author for the citation, "Family, Given"; may be given several times',
          },
          date: { type: 'string', describe: 'Day of the release, such as 2026-01-31' },
          quiet: shared.quiet,
          json: shared.json,
        })
        .check(({ dataset }) => {
          requireGiven('dataset', dataset);
          return true;
        })
    );
  },
  handler: run(async (flags, options) => {
    const { EXPORT_NAMES } = await import('../exports/exports.js');
    const { releaseDataset } = await import('../release/release.js');
    const { dataset, version, to, previous, export: named, repository, date } = flags;
    const released = await releaseDataset(
      {
        dataset,
        version,
        to,
        previous,
        exports: EXPORT_NAMES.filter((name) => named.includes(name) || named.includes('all')),
        recipeOnly: flags['recipe-only'],
        shardSize: flags['shard-size'],
        repository,
        authors: flags.author,
        date,
      },
      options,
    );
    const { folder, release, isNew } = released;
    return { result: { folder, isNew, ...release }, text: toText(released) };
  }),
};

function toText({ folder, release, isNew }: Released): string {
  return toTable([
    ['release', folder],
    ['name', `${release.name} ${release.version}${isNew ? '' : ', existed already'}`],
    ['kind', release.kind === 'full' ? 'with the images' : 'recipe only, no pixels'],
    ['exports', release.exports.length === 0 ? 'none' : release.exports.join(', ')],
    ['previous', release.previous?.version ?? 'none'],
    ['digest', release.dataset],
  ]);
}
