import type { CommandModule } from 'yargs';
import type { ExportName } from '../exports/exports.js';
import type { Released } from '../release/release.js';
import { toTerminalTable } from '../text.js';
import { examples, requireGiven, shared, wholeNumber } from './flags.js';
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
  doi: string | undefined;
  quiet: boolean;
  json: boolean;
}

/** Where the help lists the flags. */
const [RELEASE, CONTENTS, CITATION] = ['Release:', 'Contents:', 'Citation:'];

export const releaseCommand: CommandModule<object, ReleaseFlags> = {
  command: 'release [dataset]',
  describe: 'Release a dataset with its card, citation, checksums and exports',
  builder: async (args) => {
    const { EXPORT_NAMES } = await import('../exports/exports.js');
    return (
      args
        .positional('dataset', {
          type: 'string',
          demandOption: true,
          describe: 'The dataset folder; images are hard-linked where the file system allows',
        })
        // --version is that of the release here, not that of patchml
        .version(false)
        .options({
          version: {
            type: 'string',
            group: RELEASE,
            demandOption: true,
            describe: 'Semantic version of the release, such as 1.1.0',
          },
          to: {
            type: 'string',
            group: RELEASE,
            default: 'releases',
            describe: 'Folder of releases; writes <to>/<name>-<version>',
          },
          previous: {
            type: 'string',
            group: RELEASE,
            describe: 'The previous release, to check the version against',
          },
          export: {
            type: 'string',
            group: CONTENTS,
            array: true,
            nargs: 1,
            default: [],
            choices: [...EXPORT_NAMES, 'all'] as const,
            describe: 'Add an export; may be given several times',
          },
          'recipe-only': {
            type: 'boolean',
            group: CONTENTS,
            default: false,
            describe: 'Publish the recipe and the plan, without any pixels',
          },
          'shard-size': {
            ...wholeNumber('shard-size', 'Images per shard, in exports that have shards'),
            group: CONTENTS,
          },
          repository: {
            type: 'string',
            group: CITATION,
            describe: 'URL at which the release is published',
          },
          author: {
            type: 'string',
            group: CITATION,
            array: true,
            nargs: 1,
            default: [],
            describe: 'Author for the citation, "Family, Given"; may be given several times',
          },
          date: {
            type: 'string',
            group: CITATION,
            describe: 'Date of the release, such as 2026-01-31',
          },
          doi: {
            type: 'string',
            group: CITATION,
            describe: 'DOI of the release, such as 10.5281/zenodo.1234567',
          },
          quiet: shared.quiet,
          json: shared.json,
        })
        .check(({ dataset }) => {
          requireGiven('dataset', dataset);
          return true;
        })
        .epilogue(
          examples(
            ['With every export', 'release output/paper --version 1.0.0 --export all'],
            [
              'The next version, without pixels',
              'release output/paper --version 1.1.0 --previous releases/paper-1.0.0 --recipe-only',
            ],
          ),
        )
    );
  },
  handler: run(async (flags, options) => {
    const { EXPORT_NAMES } = await import('../exports/exports.js');
    const { releaseDataset } = await import('../release/release.js');
    const { dataset, version, to, previous, export: named, repository, date, doi } = flags;
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
        doi,
      },
      options,
    );
    const { folder, release, isNew } = released;
    return { result: { folder, isNew, ...release }, text: toText(released) };
  }),
};

function toText({ folder, release, isNew }: Released): string {
  return toTerminalTable({
    rows: [
      ['release', folder],
      ['name', `${release.name} ${release.version}${isNew ? '' : ' (already exists)'}`],
      ['kind', release.kind === 'full' ? 'with the images' : 'recipe only, no pixels'],
      ['exports', release.exports.length === 0 ? 'none' : release.exports.join(', ')],
      ['previous', release.previous?.version ?? 'none'],
      ['digest', release.dataset],
      ['citation', describeCitation(release)],
    ],
  });
}

/** Who is cited, and which flags would say what the citation lacks. */
function describeCitation({ name, authors, date, doi }: Released['release']): string {
  const lacking = [
    ...(authors.length === 0 ? ['--author'] : []),
    ...(date === null ? ['--date'] : []),
    ...(doi === undefined ? ['--doi'] : []),
  ];
  const who = authors.length === 0 ? `The makers of ${name}` : authors.join('; ');
  return `${who}${date === null ? '' : `, ${date}`}${lacking.length === 0 ? '' : `\nwithout ${lacking.join(', ')}`}`;
}
