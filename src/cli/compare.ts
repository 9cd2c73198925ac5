import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import type { StageOptions } from '../progress.js';
import type { ModelComparison } from '../score/compare-models.js';
import type { SetComparison } from '../score/compare-sets.js';
import type { NewScorecard } from '../score/scorecard.js';
import { toTerminalTable } from '../text.js';
import { examples, requireGiven, shared } from './flags.js';
import { run, UsageError } from './run.js';

interface CompareFlags {
  scores: string[];
  gap: string[] | undefined;
  'all-pairs': boolean;
  out: string | undefined;
  seed: string;
  resamples: number;
  quiet: boolean;
  json: boolean;
}

export const compareCommand: CommandModule<object, CompareFlags> = {
  command: 'compare [scores..]',
  describe: 'Compare models on one set, or (--gap) the same models on two sets',
  builder: (args) =>
    args
      .positional('scores', {
        type: 'string',
        array: true,
        default: [] as string[],
        describe:
          'Folders of scores, or folders that contain them; the first model is the baseline  [with --gap: output/scores]',
      })
      .options({
        gap: {
          type: 'string',
          array: true,
          nargs: 2,
          describe:
            'Two sets, by name, prefix or folder: report the gap of each model between them',
        },
        'all-pairs': {
          type: 'boolean',
          default: false,
          describe: 'Compare every pair of models instead of each model with the first',
        },
        out: { ...shared.out, describe: 'Write JSON, Markdown and CSV to this folder' },
        seed: shared.seed,
        resamples: shared.resamples,
        quiet: shared.quiet,
        json: shared.json,
      })
      .check(({ scores, gap, 'all-pairs': allPairs }) => {
        if (!gap) requireGiven('folders of scores to compare', scores[0]);
        if (gap && gap.length !== 2)
          throw new UsageError('--gap can be given only once, with two sets');
        if (gap && allPairs) throw new UsageError('--gap and --all-pairs cannot be used together');
        return true;
      })
      .epilogue(
        examples(
          ['Every model with the first', 'compare output/scores/my-dataset/*'],
          [
            'How much each model loses from ImageNet to ImageNetV2',
            'compare --gap imagenet-val-real imagenetv2-matched-frequency',
          ],
        ),
      ),
  handler: run(async (flags, { signal, onProgress }) => {
    const { result, scorecards } = await compare(flags, { signal, onProgress });
    const lines =
      result.format === 'patchml-gap'
        ? await gapLines(result)
        : await comparisonLines(result, scorecards);
    if (flags.out !== undefined) lines.push(`written to ${flags.out}`);
    return { result, text: lines.join('\n') };
  }),
};

interface Compared {
  result: ModelComparison | SetComparison;
  scorecards: NewScorecard[];
}

async function compare(flags: CompareFlags, options: StageOptions): Promise<Compared> {
  const { compareModels } = await import('../score/compare-models.js');
  const { compareSets, scoresOnSet } = await import('../score/compare-sets.js');
  const { writeModelComparison, writeSetComparison } = await import('../score/compare-table.js');
  const { openAllScores } = await import('../score/scores-folder.js');
  const all = await openAllScores(await placesOf(flags));
  const { seed, resamples, out } = flags;
  const scorecards = all.map(({ scorecard }) => scorecard);
  if (flags.gap) {
    const [first, second] = flags.gap.map((name) => scoresOnSet(all, name));
    const result = await compareSets(
      { first: first!, second: second! },
      { ...options, seed, resamples },
    );
    if (out !== undefined) await writeSetComparison({ out, comparison: result });
    return { result, scorecards };
  }
  const allPairs = flags['all-pairs'];
  const result = await compareModels(all, { ...options, seed, resamples, allPairs });
  if (out !== undefined) await writeModelComparison({ out, comparison: result, scorecards });
  return { result, scorecards };
}

/** Where `evaluate` and `score` put scores unless told otherwise. */
const SCORES = join('output', 'scores');

/** The folders to look in: those that are named, here or below `output/scores`. */
async function placesOf({ scores, gap }: CompareFlags): Promise<string[]> {
  const { exists } = await import('../files/folders.js');
  const places: string[] = [];
  for (const name of scores) {
    const below = join(SCORES, name);
    places.push(!(await exists(name)) && (await exists(below)) ? below : name);
  }
  if (!gap || places.length > 0) return places;
  for (const name of gap) if (await exists(name)) places.push(name);
  return places.length === gap.length ? places : [...places, SCORES];
}

async function comparisonLines(
  comparison: ModelComparison,
  scorecards: readonly NewScorecard[],
): Promise<string[]> {
  const { comparisonNotes, correlationsTable, pairsTable } =
    await import('../score/compare-table.js');
  const { modelsTable, scorecardNotes } = await import('../score/scorecard-table.js');
  return [
    toTerminalTable(modelsTable(scorecards)),
    ...scorecardNotes(scorecards),
    toTerminalTable(pairsTable(comparison)),
    ...comparisonNotes(comparison),
    ...(comparison.correlations.length > 0 ? [toTerminalTable(correlationsTable(comparison))] : []),
  ];
}

/** More models than this have a line each. */
const MANY = 8;

async function gapLines(gap: SetComparison): Promise<string[]> {
  const { gapNotes, gapsTable, labelCountsTable } = await import('../score/compare-table.js');
  const isShort = gap.models.length > MANY;
  return [
    toTerminalTable(gapsTable(gap, isShort)),
    ...gapNotes(gap),
    ...(isShort ? ['Intervals, and the numbers of both sets: --out, or --json.'] : []),
    toTerminalTable(labelCountsTable(gap)),
  ];
}
