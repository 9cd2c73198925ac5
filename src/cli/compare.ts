import { realpath } from 'node:fs/promises';
import type { CommandModule } from 'yargs';
import { EvaluationError } from '../errors.js';
import { byteOrder } from '../files/listing.js';
import type { StageOptions } from '../progress.js';
import { compareScores, type Comparison } from '../score/compare-models.js';
import { compareGap, type GapComparison } from '../score/compare-sets.js';
import {
  comparisonNotes,
  correlationsTable,
  gapNotes,
  gapsTable,
  labelCountsTable,
  pairsTable,
  writeComparison,
  writeGap,
} from '../score/compare-table.js';
import { modelsTable, scorecardNotes } from '../score/scorecard-table.js';
import type { NewScorecard } from '../score/scorecard.js';
import { findScores, openScores, type StoredScores } from '../score/scores-folder.js';
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
  result: Comparison | GapComparison;
  scorecards: NewScorecard[];
}

async function compare(flags: CompareFlags, options: StageOptions): Promise<Compared> {
  const runs = await openAll(flags.scores);
  const { seed, resamples, out } = flags;
  const scorecards = runs.map(({ scorecard }) => scorecard);
  if (flags.gap) {
    const [first, second] = flags.gap.map((name) => runsOn(name, runs)) as [
      StoredScores[],
      StoredScores[],
    ];
    const result = await compareGap(first, second, { ...options, seed, resamples });
    if (out !== undefined) await writeGap(out, result);
    return { result, scorecards };
  }
  const allPairs = flags['all-pairs'];
  const result = await compareScores(runs, { ...options, seed, resamples, allPairs });
  if (out !== undefined) await writeComparison(out, result, scorecards);
  return { result, scorecards };
}

/** The scores at or below these paths, each folder once, however it is written. */
async function openAll(paths: readonly string[]): Promise<StoredScores[]> {
  const folders = new Map<string, string>();
  for (const path of paths) {
    for (const folder of await findScores(path)) {
      const place = await realpath(folder);
      if (!folders.has(place)) folders.set(place, folder);
    }
  }
  const runs: StoredScores[] = [];
  for (const folder of folders.values()) runs.push(await openScores(folder));
  return runs;
}

/** The runs on the set of this name, or on the one set whose name begins like that. */
function runsOn(name: string, runs: readonly StoredScores[]): StoredScores[] {
  const sets = [...new Set(runs.map(({ scorecard }) => scorecard.set.name))].sort(byteOrder);
  const beginning = sets.filter((set) => set.startsWith(name));
  const found = sets.includes(name) ? name : beginning.length === 1 ? beginning[0] : undefined;
  if (found !== undefined) return runs.filter(({ scorecard }) => scorecard.set.name === found);
  const isMany = beginning.length > 1;
  throw new EvaluationError(`${isMany ? 'several sets begin with' : 'no scores on'} "${name}"`, {
    code: 'gap-unknown-set',
    fix: `name one of: ${(isMany ? beginning : sets).join(', ')}`,
  });
}

function printComparison(comparison: Comparison, scorecards: readonly NewScorecard[]): void {
  const whole = toTerminalTable(modelsTable(scorecards, '\n'));
  const isTooWide = widthOf(whole) > (process.stdout.columns || Infinity);
  console.log(isTooWide ? toTerminalTable(modelsTable(scorecards)) : whole);
  for (const note of scorecardNotes(scorecards)) console.log(note);
  console.log(toTerminalTable(pairsTable(comparison)));
  for (const note of comparisonNotes(comparison)) console.log(note);
  if (comparison.correlations.length > 0)
    console.log(toTerminalTable(correlationsTable(comparison)));
}

function printGap(gap: GapComparison): void {
  console.log(toTerminalTable(gapsTable(gap)));
  for (const note of gapNotes(gap)) console.log(note);
  console.log(toTerminalTable(labelCountsTable(gap)));
}
