import type { CommandModule } from 'yargs';
import type { ReleaseSummary } from '../release/release-folder.js';
import type { Verified } from '../release/verify.js';
import { countOf, toTerminalTable } from '../text.js';
import { examples, requireGiven, shared, wholeNumber } from './flags.js';
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

/** Where the help lists the flags of the comparison of pixels. */
const REGENERATION = 'Pixels:';

/** Findings that are printed; the others are counted. */
const SHOWN = 20;

export const verifyCommand: CommandModule<object, VerifyFlags> = {
  command: 'verify [folder]',
  describe: 'Check every file and row of a dataset or release',
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
          group: REGENERATION,
          describe: 'Also recompose a sample of the images and compare the pixels',
        },
        sample: {
          ...wholeNumber('sample', 'Images to recompose'),
          group: REGENERATION,
          default: 100,
        },
        pool: {
          type: 'string',
          group: REGENERATION,
          describe: 'The pool folder',
          defaultDescription: 'found in --work',
        },
        work: {
          ...shared.work,
          group: REGENERATION,
          describe: 'Folder in which generate keeps its pools',
        },
        quiet: { ...shared.quiet, describe: 'Print problems only' },
        json: shared.json,
      })
      .check(({ folder }) => {
        requireGiven('folder', folder);
        return true;
      })
      .epilogue(
        examples(
          ['A dataset or a release', 'verify output/my-dataset'],
          [
            'Also check that patchml still composes the same pixels',
            'verify output/my-dataset --regenerate --sample 20',
          ],
        ),
      ),
  handler: run(async (flags, options) => {
    const { verify } = await import('../release/verify.js');
    const { folder, sample, pool, work } = flags;
    const regenerate = flags.regenerate ? { sample, pool, work } : undefined;
    const verified = await verify({ folder, regenerate }, options);
    return { result: verified, isFailed: !verified.isWhole, ...verifyOutcome(folder, verified) };
  }),
};

function verifyOutcome(
  folder: string,
  {
    dataset,
    files,
    images,
    findings,
    lockChecked,
    release,
    tolerated = [],
    regeneration,
  }: Verified,
): Outcome {
  const problems = [
    ...findings.map(
      ({ problem, file, detail }) => `${problem}: ${file}${detail ? ` (${detail})` : ''}`,
    ),
    ...(regeneration?.differing ?? []).map((file) => `different pixels when recomposed: ${file}`),
  ];
  if (problems.length === 0) {
    const text = toTerminalTable({
      rows: [
        ['verified', folder],
        ...(release ? [['release', nameOf(release)] as const] : []),
        ['files', files],
        ['images', images],
        ...(regeneration ? [['recomposed, same pixels', regeneration.images] as const] : []),
        ['digest', dataset],
        ...tolerated.map((file) => ['left by Ultralytics, not checked', file] as const),
        ...(lockChecked
          ? []
          : [['lock', 'from an older version, without its own digest: not checked'] as const]),
      ],
    });
    return { text };
  }
  const rest = problems.length - SHOWN;
  const count = countOf(problems.length, 'problem');
  const fix = release ? 'make or pull the release again' : 'generate the dataset again';
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
