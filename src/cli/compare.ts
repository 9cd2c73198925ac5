import type { CommandModule } from 'yargs';
import type { StageOptions } from '../progress.js';
import type { ModelComparison } from '../score/compare-models.js';
import type { SetComparison } from '../score/compare-sets.js';
import type { NewScorecard } from '../score/scorecard.js';
import { toTerminalTable, widthOf } from '../text.js';
import { requireGiven, shared } from './flags.js';
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
  describe: 'Compare models on one set, or two sets under the same models (--gap)',
  builder: (args) =>
    args
      .positional('scores', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'Folders of scores, or folders that contain some; the first is the baseline',
      })
      .options({
        gap: {
          type: 'string',
          array: true,
          nargs: 2,
          describe: 'Names of two sets, or how they begin: the gap of each model between them',
        },
        'all-pairs': {
          type: 'boolean',
          default: false,
          describe: 'Compare each model with each other, not with the first alone',
        },
        out: { ...shared.out, describe: 'Write JSON, Markdown and CSV to this folder' },
        seed: shared.seed,
        resamples: shared.resamples,
        quiet: shared.quiet,
        json: shared.json,
      })
      .check(({ scores, gap, 'all-pairs': allPairs }) => {
        requireGiven('folders of scores to compare', scores[0]);
        if (gap && gap.length !== 2) throw new UsageError('--gap takes two sets, once');
        if (gap && allPairs) throw new UsageError('--gap and --all-pairs exclude each other');
        return true;
      }),
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
  const all = await openAllScores(flags.scores);
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

async function comparisonLines(
  comparison: ModelComparison,
  scorecards: readonly NewScorecard[],
): Promise<string[]> {
  const { comparisonNotes, correlationsTable, pairsTable } =
    await import('../score/compare-table.js');
  const { modelsTable, scorecardNotes } = await import('../score/scorecard-table.js');
  const whole = toTerminalTable(modelsTable(scorecards, '\n'));
  const isTooWide = widthOf(whole) > (process.stdout.columns || Infinity);
  return [
    isTooWide ? toTerminalTable(modelsTable(scorecards)) : whole,
    ...scorecardNotes(scorecards),
    toTerminalTable(pairsTable(comparison)),
    ...comparisonNotes(comparison),
    ...(comparison.correlations.length > 0 ? [toTerminalTable(correlationsTable(comparison))] : []),
  ];
}

async function gapLines(gap: SetComparison): Promise<string[]> {
  const { gapNotes, gapsTable, labelCountsTable } = await import('../score/compare-table.js');
  return [
    toTerminalTable(gapsTable(gap)),
    ...gapNotes(gap),
    toTerminalTable(labelCountsTable(gap)),
  ];
}
