import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { OutputError } from '../errors.js';
import { PREDICTIONS_FILE } from '../evaluate/run-model.js';
import { digestOf } from '../files/digest.js';
import { exists } from '../files/stage-folder.js';
import { IMAGES_FILE, SCORECARD_FILE } from '../score/read-scores.js';
import type { NewScorecard } from '../score/scorecard.js';
import { countText } from './metric-text.js';
import { requireReportPlace, type ReportForm } from './report-folder.js';

const FORMAT = 'patchml-scorecard';

export const [MARKDOWN_FILE, CSV_FILE] = ['scorecard.md', 'scorecard.csv'] as const;

/** What a folder of scores holds; the predictions are there where a model was evaluated. */
export const SCORES_FORM: ReportForm = {
  main: SCORECARD_FILE,
  format: FORMAT,
  others: [IMAGES_FILE, MARKDOWN_FILE, CSV_FILE, PREDICTIONS_FILE],
  code: 'output-not-scores',
};

/** What tells the scores of one model apart. */
export interface ScoresOrigin extends Pick<NewScorecard, 'preprocessing'> {
  set: Pick<NewScorecard['set'], 'digest' | 'leftOut'>;
}

/** Of a scorecard that is there, whatever version wrote it. */
const earlierSchema = z.object({
  format: z.literal(FORMAT),
  preprocessing: z.record(z.string(), z.unknown()).optional(),
  set: z.object({
    name: z.string(),
    rule: z.string(),
    digest: z.string(),
    images: z.int(),
    leftOut: z.record(z.string(), z.int()),
  }),
});

type Earlier = z.output<typeof earlierSchema>;

/**
 * Checks, before the work and before writing, that scores may go to a folder.
 *
 * @param scores what they are of
 * @param overwrite whether they may replace scores of something else. Default false
 * @throws OutputError `output-not-scores` where it holds anything else,
 *   `output-other-scores` where it holds scores on another set or under another preprocessing
 */
export async function requireScoresPlace(
  folder: string,
  scores: ScoresOrigin,
  overwrite = false,
): Promise<void> {
  await requireReportPlace(folder, SCORES_FORM);
  const path = join(folder, SCORECARD_FILE);
  if (overwrite || !(await exists(path))) return;
  const earlier = earlierSchema.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  const problem = earlier ? differenceOf(earlier, scores) : 'that another version wrote';
  if (problem === undefined) return;
  throw new OutputError(`this folder holds scores ${problem}`, {
    code: 'output-other-scores',
    path: folder,
    fix: 'give another --out, or replace them with --overwrite',
  });
}

function differenceOf(earlier: Earlier, scores: ScoresOrigin): string | undefined {
  const isSameSet = earlier.set.digest === scores.set.digest || isPartOf(earlier, scores);
  const isSameInput =
    digestOf(earlier.preprocessing ?? null) === digestOf(scores.preprocessing ?? null);
  if (isSameSet && isSameInput) return undefined;
  const { name, rule, images } = earlier.set;
  const what = isSameSet ? 'under another preprocessing' : 'on another set';
  return `${what}: ${name}, labels: ${rule}, ${countText(images)} images`;
}

/** Before the images are read it is not known which are corrupt: that is checked before writing. */
function isPartOf(earlier: Earlier, scores: ScoresOrigin): boolean {
  const [was, is] = [earlier, scores].map(({ set }) => 'image-corrupt' in set.leftOut);
  return was === true && is === false;
}
