import type { CommandModule } from 'yargs';
import type { StageOptions } from '../progress.js';
import { compareModels, type ModelComparison } from '../score/compare-models.js';
import { compareSets, scoresOnSet, type SetComparison } from '../score/compare-sets.js';
import {
  comparisonNotes,
  correlationsTable,
  gapNotes,
  gapsTable,
  labelCountsTable,
  pairsTable,
  writeModelComparison,
  writeSetComparison,
} from '../score/compare-table.js';
import { modelsTable, scorecardNotes } from '../score/scorecard-table.js';
import type { NewScorecard } from '../score/scorecard.js';
import { openAllScores } from '../score/scores-folder.js';
import { toTerminalTable, widthOf } from '../text.js';
import { requireGiven, requireResamples } from './flags.js';
import { interruptible, showProgress, UsageError } from './run.js';

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
        out: {
          alias: 'o',
          type: 'string',
          describe: 'Write JSON, Markdown and CSV to this folder',
        },
        seed: { type: 'string', default: '42', describe: 'Of the bootstrap' },
        resamples: { type: 'number', default: 1000, describe: 'Bootstrap resamples' },
        quiet: { alias: 'q', type: 'boolean', default: false, describe: 'Print errors only' },
        json: { type: 'boolean', default: false, describe: 'Print the result as JSON' },
      })
      .check(({ scores, gap, resamples, 'all-pairs': allPairs }) => {
        requireGiven('folders of scores to compare', scores[0]);
        requireResamples(resamples);
        if (gap && gap.length !== 2) throw new UsageError('--gap takes two sets, once');
        if (gap && allPairs) throw new UsageError('--gap and --all-pairs exclude each other');
        return true;
      }),
  handler: async (flags) => {
    const progress = showProgress(flags);
    const done = await interruptible((signal) =>
      compare(flags, { signal, onProgress: progress.show }),
    ).finally(progress.stop);
    if (flags.json) console.log(JSON.stringify(done.result, null, 2));
    else if (!flags.quiet) {
      if (done.result.format === 'patchml-gap') printGap(done.result);
      else printComparison(done.result, done.scorecards);
      if (flags.out !== undefined) console.log(`written to ${flags.out}`);
    }
  },
};

interface Compared {
  result: ModelComparison | SetComparison;
  scorecards: NewScorecard[];
}

async function compare(flags: CompareFlags, options: StageOptions): Promise<Compared> {
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

function printComparison(comparison: ModelComparison, scorecards: readonly NewScorecard[]): void {
  const whole = toTerminalTable(modelsTable(scorecards, '\n'));
  const isTooWide = widthOf(whole) > (process.stdout.columns || Infinity);
  console.log(isTooWide ? toTerminalTable(modelsTable(scorecards)) : whole);
  for (const note of scorecardNotes(scorecards)) console.log(note);
  console.log(toTerminalTable(pairsTable(comparison)));
  for (const note of comparisonNotes(comparison)) console.log(note);
  if (comparison.correlations.length > 0)
    console.log(toTerminalTable(correlationsTable(comparison)));
}

function printGap(gap: SetComparison): void {
  console.log(toTerminalTable(gapsTable(gap)));
  for (const note of gapNotes(gap)) console.log(note);
  console.log(toTerminalTable(labelCountsTable(gap)));
}
