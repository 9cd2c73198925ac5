import { join } from 'node:path';
import type { Argv, InferredOptionTypes } from 'yargs';
import type { NewScorecard } from '../score/scorecard.js';
import { scorecardNotes, scorecardTable } from '../report/scorecard-table.js';
import { toTerminalTable } from '../report/render-table.js';
import { requireWhole } from './require.js';

/** The flags of every command that scores. */
const scoresFlags = {
  seed: { type: 'string', default: '42', describe: 'Of the bootstrap' },
  resamples: { type: 'number', default: 1000, describe: 'Bootstrap resamples for the intervals' },
  'max-group': {
    type: 'number',
    default: 5,
    describe: 'Images with more labels than this form one subgroup',
  },
} as const;

/** The flags' values. */
export type ScoresFlags = InferredOptionTypes<typeof scoresFlags>;

/** Adds the flags to a command. */
export function withScoresFlags<T>(args: Argv<T>): Argv<T & ScoresFlags> {
  return args.options(scoresFlags).check((flags) => {
    requireWhole('resamples', flags.resamples);
    requireWhole('max-group', flags['max-group']);
    return true;
  }) as unknown as Argv<T & ScoresFlags>;
}

/** Where the scores of a model on a set go, below a folder for all. */
export function scoresFolder(root: string, set: string, model: string): string {
  return join(root, folderName(set), folderName(model));
}

/** Prints a scorecard and where it is. */
export function printScorecard(
  scorecard: NewScorecard,
  folder: string,
  { json, quiet }: { json: boolean; quiet: boolean },
): void {
  if (json) {
    console.log(JSON.stringify({ folder, ...scorecard }, null, 2));
    return;
  }
  if (quiet) return;
  console.log(`${scorecard.model.name} on ${scorecard.set.name}`);
  console.log(toTerminalTable(scorecardTable(scorecard)));
  for (const note of scorecardNotes([scorecard])) console.log(note);
  console.log(`written to ${folder}`);
}

/** A name as one part of a path: `timm/resnet18` becomes `timm-resnet18`. */
function folderName(name: string): string {
  return name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+/, '') || 'unnamed';
}
