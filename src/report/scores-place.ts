import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { OutputError } from '../errors.js';
import { digestOf } from '../files/digest.js';
import { exists } from '../files/stage-folder.js';
import { IMAGES_FILE, SCORECARD_FILE } from '../score/read-scores.js';
import type { NewScorecard } from '../score/scorecard.js';
import { countText } from './metric-text.js';

export const [MARKDOWN_FILE, CSV_FILE] = ['scorecard.md', 'scorecard.csv'];

/** What tells the scores of one model apart. */
export interface ScoresOrigin extends Pick<NewScorecard, 'preprocessing'> {
  set: Pick<NewScorecard['set'], 'digest' | 'leftOut'>;
}

/** Of a scorecard that is there, whatever version wrote it. */
const earlierSchema = z.object({
  format: z.literal('patchml-scorecard'),
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
 * @throws OutputError `output-not-scores` where it holds files of their names that are not theirs,
 *   `output-other-scores` where it holds scores on another set or under another preprocessing
 */
export async function requireScoresPlace(
  folder: string,
  scores: ScoresOrigin,
  overwrite = false,
): Promise<void> {
  const earlier = await readEarlier(folder);
  if (earlier) {
    if (!overwrite) requireSame(earlier, scores, folder);
    return;
  }
  for (const name of [SCORECARD_FILE, IMAGES_FILE, MARKDOWN_FILE, CSV_FILE]) {
    if (!(await exists(join(folder, name)))) continue;
    throw new OutputError(`this folder holds another ${name}, of no scorecard`, {
      code: 'output-not-scores',
      path: folder,
      fix: 'name another --out, or move it away',
    });
  }
}

async function readEarlier(folder: string): Promise<Earlier | undefined> {
  const path = join(folder, SCORECARD_FILE);
  if (!(await exists(path))) return undefined;
  try {
    return earlierSchema.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function requireSame(earlier: Earlier, scores: ScoresOrigin, folder: string): void {
  const isSameSet = earlier.set.digest === scores.set.digest || isPartOf(earlier, scores);
  const isSameInput =
    digestOf(earlier.preprocessing ?? null) === digestOf(scores.preprocessing ?? null);
  if (isSameSet && isSameInput) return;
  const { name, rule, images } = earlier.set;
  const what = isSameSet ? 'under another preprocessing' : 'on another set';
  throw new OutputError(
    `this folder holds scores ${what}: ${name}, labels: ${rule}, ${countText(images)} images`,
    {
      code: 'output-other-scores',
      path: folder,
      fix: 'give another --out, or replace them with --overwrite',
    },
  );
}

/** Before the images are read it is not known which are corrupt: that is checked before writing. */
function isPartOf(earlier: Earlier, scores: ScoresOrigin): boolean {
  const [was, is] = [earlier, scores].map(({ set }) => 'image-corrupt' in set.leftOut);
  return was === true && is === false;
}
