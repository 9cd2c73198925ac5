import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import type { ReleaseSummary } from '../release/release-folder.js';
import { type Verified, verify } from '../release/verify.js';
import { toTable } from '../text.js';
import { requireGiven, requireWhole } from './flags.js';
import { interruptible, showProgress } from './run.js';

interface VerifyFlags {
  folder: string;
  regenerate: boolean;
  sample: number;
  pool: string | undefined;
  work: string;
  quiet: boolean;
  json: boolean;
}

/** Findings printed before the rest is only counted. */
const SHOWN = 20;

export const verifyCommand: CommandModule<object, VerifyFlags> = {
  command: 'verify [folder]',
  describe: 'Check every file and row of a dataset or release; exit 1 if anything is wrong',
  builder: (args) =>
    args
      .positional('folder', {
        type: 'string',
        demandOption: true,
        describe: 'The dataset or release folder',
      })
      .options({
        regenerate: {
          type: 'boolean',
          default: false,
          describe: 'Also make a sample of the images again from the pool and compare the pixels',
        },
        sample: { type: 'number', default: 100, describe: 'Images that --regenerate makes again' },
        pool: { type: 'string', describe: 'The pool folder  [default: found in --work]' },
        work: {
          type: 'string',
          default: join('output', 'work'),
          describe: 'Folder in which "generate" keeps its pools',
        },
        quiet: { alias: 'q', type: 'boolean', default: false, describe: 'Print problems only' },
        json: { type: 'boolean', default: false, describe: 'Print the result as JSON' },
      })
      .check(({ folder, sample }) => {
        requireGiven('folder', folder);
        requireWhole('sample', sample);
        return true;
      }),
  handler: async (flags) => {
    const progress = showProgress(flags);
    const { folder, sample, pool, work } = flags;
    const regenerate = flags.regenerate ? { sample, pool, work } : undefined;
    const verified = await interruptible((signal) =>
      verify({ folder, regenerate }, { signal, onProgress: progress.show }),
    ).finally(progress.stop);
    if (flags.json) console.log(JSON.stringify(verified, null, 2));
    else print(flags, verified);
    if (!verified.isWhole) process.exitCode = 1;
  },
};

function print(
  { folder, quiet }: VerifyFlags,
  { dataset, files, images, findings, release, regeneration }: Verified,
): void {
  const problems = [
    ...findings.map(
      ({ problem, file, detail }) => `${problem}: ${file}${detail ? ` (${detail})` : ''}`,
    ),
    ...(regeneration?.differing ?? []).map((file) => `other pixels when made again: ${file}`),
  ];
  for (const problem of problems.slice(0, SHOWN)) console.error(problem);
  if (problems.length > SHOWN) {
    console.error(`and ${problems.length - SHOWN} more (--json lists all)`);
  }
  if (problems.length > 0) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    const fix = release ? 'make or pull the release again' : 'make the dataset again';
    console.error(`patchml: ${folder}: ${count}; ${fix}`);
  } else if (!quiet) {
    console.log(
      toTable([
        ['verified', folder],
        ...(release ? [['release', nameOf(release)] as const] : []),
        ['files', files],
        ['images', images],
        ...(regeneration ? [['made again, same pixels', regeneration.images] as const] : []),
        ['digest', dataset],
      ]),
    );
  }
}

function nameOf({ name, version, kind, exports }: ReleaseSummary): string {
  const holds = [kind === 'full' ? 'images' : 'recipe only', ...exports];
  return `${name} ${version} (${holds.join(', ')})`;
}
