import type { CommandModule } from 'yargs';
import type { ReleaseSummary } from '../release/release-folder.js';
import type { Verified } from '../release/verify.js';
import { toTable } from '../text.js';
import { requireGiven, shared, wholeNumber } from './flags.js';
import { type Outcome, run } from './run.js';

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
        sample: { ...wholeNumber('sample', 'Images that --regenerate makes again'), default: 100 },
        pool: { type: 'string', describe: 'The pool folder  [default: found in --work]' },
        work: { ...shared.work, describe: 'Folder in which "generate" keeps its pools' },
        quiet: { ...shared.quiet, describe: 'Print problems only' },
        json: shared.json,
      })
      .check(({ folder }) => {
        requireGiven('folder', folder);
        return true;
      }),
  handler: run(async (flags, options) => {
    const { verify } = await import('../release/verify.js');
    const { folder, sample, pool, work } = flags;
    const regenerate = flags.regenerate ? { sample, pool, work } : undefined;
    const verified = await verify({ folder, regenerate }, options);
    return { result: verified, isFailed: !verified.isWhole, ...describe(folder, verified) };
  }),
};

function describe(
  folder: string,
  { dataset, files, images, findings, release, regeneration }: Verified,
): Outcome {
  const problems = [
    ...findings.map(
      ({ problem, file, detail }) => `${problem}: ${file}${detail ? ` (${detail})` : ''}`,
    ),
    ...(regeneration?.differing ?? []).map((file) => `other pixels when made again: ${file}`),
  ];
  if (problems.length === 0) {
    const text = toTable([
      ['verified', folder],
      ...(release ? [['release', nameOf(release)] as const] : []),
      ['files', files],
      ['images', images],
      ...(regeneration ? [['made again, same pixels', regeneration.images] as const] : []),
      ['digest', dataset],
    ]);
    return { text };
  }
  const rest = problems.length - SHOWN;
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const fix = release ? 'make or pull the release again' : 'make the dataset again';
  return {
    problems: [
      ...problems.slice(0, SHOWN),
      ...(rest > 0 ? [`and ${rest} more (--json lists all)`] : []),
      `patchml: ${folder}: ${count}; ${fix}`,
    ],
  };
}

function nameOf({ name, version, kind, exports }: ReleaseSummary): string {
  const holds = [kind === 'full' ? 'images' : 'recipe only', ...exports];
  return `${name} ${version} (${holds.join(', ')})`;
}
