import type { CommandModule } from 'yargs';
import type { RegeneratedRelease } from '../release/regenerate.js';
import { toTerminalTable } from '../text.js';
import { examples, requireGiven, shared } from './flags.js';
import { run } from './run.js';

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
  describe: 'Rebuild a release from your own ImageNet and compare every image',
  builder: (args) =>
    args
      .positional('release', {
        type: 'string',
        demandOption: true,
        describe: 'The release folder, full or recipe-only',
      })
      .options({
        annotations: { ...shared.annotations, demandOption: true },
        images: { ...shared.images, demandOption: true },
        out: { ...shared.out, demandOption: true },
        work: shared.work,
        exact: {
          type: 'boolean',
          default: false,
          describe: 'Exit with code 1 if anything differs from the release',
        },
        overwrite: shared.overwrite,
        strict: shared.strict,
        jobs: shared.jobs,
        quiet: shared.quiet,
        json: shared.json,
      })
      .check(({ release }) => {
        requireGiven('release', release);
        return true;
      })
      .epilogue(
        examples([
          'Fail unless every byte is as published',
          'regenerate releases/paper-1.0.0 -a Annotations -i val -o output/again --exact',
        ]),
      ),
  handler: run(async (flags, { signal, onProgress }) => {
    const { regenerateRelease } = await import('../release/regenerate.js');
    const { exact, out } = flags;
    const made = await regenerateRelease(flags, { ...flags, signal, onProgress });
    return {
      result: made,
      text: toTerminalTable({ rows: reportRows(made) }),
      problems: exact && !made.isSame ? [`patchml: ${out}: ${problemOf(made)}`] : [],
    };
  }),
};

function reportRows(made: RegeneratedRelease): (readonly [string, string | number])[] {
  const { dataset, images, identical, differing, missing, replanned, versions, diff } = made;
  const { before, after } = diff;
  return [
    ['dataset', dataset],
    ['images', images],
    ['same pixels', identical],
    ...counted('different pixels', differing),
    ...(differing.length > 0 ? [['difference', distanceText(made)] as const] : []),
    ...counted('not regenerated', missing),
    ...counted('different patches or positions', replanned),
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
  if (!distance) return 'unknown: the release has digests but no pixels';
  return `at most ${distance.max} of 255 levels, mean ${distance.mean.toFixed(4)}`;
}

function problemOf({ images, identical }: RegeneratedRelease): string {
  const other = images - identical;
  if (other === 0) return 'all pixels match the release, but some files or counts differ';
  return `${other} of ${images} images differ from the release`;
}
