import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { type RegeneratedRelease, regenerateRelease } from '../release/regenerate.js';
import { toTable } from '../text.js';
import { requireGiven, requireJobs } from './flags.js';
import { interruptible, showProgress } from './run.js';

interface RegenerateFlags {
  release: string;
  annotations: string;
  images: string;
  out: string;
  work: string;
  exact: boolean;
  overwrite: boolean;
  strict: boolean;
  jobs: number;
  quiet: boolean;
  json: boolean;
}

export const regenerateCommand: CommandModule<object, RegenerateFlags> = {
  command: 'regenerate [release]',
  describe: 'Make the dataset of a release from your own ImageNet, and compare every image',
  builder: (args) =>
    args
      .positional('release', {
        type: 'string',
        demandOption: true,
        describe: 'The release folder, full or recipe only',
      })
      .options({
        annotations: {
          alias: 'a',
          type: 'string',
          demandOption: true,
          describe: 'Folder of XML, LOC_*_solution.csv, or .tgz of XML',
        },
        images: {
          alias: 'i',
          type: 'string',
          demandOption: true,
          describe: 'Folder of images (flat, by synset, or the Kaggle tree), or the official .tar',
        },
        out: { alias: 'o', type: 'string', demandOption: true, describe: 'The dataset folder' },
        work: {
          type: 'string',
          default: join('output', 'work'),
          describe: 'Folder for indexes, pools and plans, used again by later runs',
        },
        exact: {
          type: 'boolean',
          default: false,
          describe: 'Exit with 1 if anything differs from the release',
        },
        overwrite: {
          type: 'boolean',
          default: false,
          describe: 'Replace another patchml dataset at --out',
        },
        strict: {
          type: 'boolean',
          default: false,
          describe: 'Stop at the first bad annotation or image instead of counting it',
        },
        jobs: {
          alias: 'j',
          type: 'number',
          default: availableParallelism(),
          defaultDescription: 'one a core',
          describe: 'Worker threads; the output does not depend on it',
        },
        quiet: { alias: 'q', type: 'boolean', default: false, describe: 'Print errors only' },
        json: { type: 'boolean', default: false, describe: 'Print the result as JSON' },
      })
      .check(({ release, jobs }) => {
        requireGiven('release', release);
        requireJobs(jobs);
        return true;
      }),
  handler: async (flags) => {
    const progress = showProgress(flags);
    const made = await interruptible((signal) =>
      regenerateRelease(flags, { ...flags, signal, onProgress: progress.show }),
    ).finally(progress.stop);
    if (flags.json) console.log(JSON.stringify(made, null, 2));
    else if (!flags.quiet) console.log(toTable(describe(made)));
    if (!flags.exact || made.isSame) return;
    if (!flags.json) console.error(`patchml: ${flags.out}: ${problemOf(made)}`);
    process.exitCode = 1;
  },
};

function describe(made: RegeneratedRelease): (readonly [string, string | number])[] {
  const { dataset, images, identical, differing, missing, replanned, versions, diff } = made;
  const { before, after } = diff;
  return [
    ['dataset', dataset],
    ['images', images],
    ['same pixels', identical],
    ...counted('other pixels', differing),
    ...(differing.length > 0 ? [['difference', distanceText(made)] as const] : []),
    ...counted('not made', missing),
    ...counted('other patches or places', replanned),
    ...(before.patches === after.patches
      ? []
      : [['patches here', `${after.patches}, published with ${before.patches}`] as const]),
    ...versions.map(
      ({ part, published, here }) =>
        [`version of ${part}`, `${here}, published with ${published}`] as const,
    ),
    ['digest', `${made.digest}${made.isSame ? ', as published' : ''}`],
    ...(made.isSame ? [] : [['published digest', made.published] as const]),
  ];
}

function counted(name: string, ids: readonly string[]): (readonly [string, string])[] {
  if (ids.length === 0) return [];
  const shown = ids.slice(0, 3).join(', ');
  return [[name, `${ids.length} (${shown}${ids.length > 3 ? ', ...' : ''})`]];
}

function distanceText({ distance }: RegeneratedRelease): string {
  if (!distance) return 'not known: the release has digests, no pixels';
  return `at most ${distance.max} of 255 levels, mean ${distance.mean.toFixed(4)}`;
}

function problemOf({ images, identical }: RegeneratedRelease): string {
  const other = images - identical;
  if (other === 0) return 'all pixels are as published, but files or counts are not';
  return `${other} of ${images} images are not as published`;
}
