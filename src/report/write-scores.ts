import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { explainError, OutputError } from '../errors.js';
import { sha256 } from '../files/digest.js';
import { exists, makeFolder, toJson, writeWhole } from '../files/stage-folder.js';
import { writeImagesCsv } from '../score/images-csv.js';
import type { PerImageScores } from '../score/per-image-scores.js';
import { IMAGES_FILE, SCORECARD_FILE } from '../score/read-scores.js';
import type { NewScorecard } from '../score/scorecard.js';
import { inMarkdown, toCsvTable, toMarkdownTable } from './render-table.js';
import { scorecardNotes, scorecardsCsvTable, scorecardTable } from './scorecard-table.js';

const FORMAT = '"patchml-scorecard"';
const [MARKDOWN_FILE, CSV_FILE] = ['scorecard.md', 'scorecard.csv'];

/**
 * Writes `scorecard.json`, `scorecard.md`, `scorecard.csv` and `images.csv`, in place of those of
 * earlier scores. Other files in the folder stay.
 *
 * @throws OutputError where the folder cannot be written, or holds such files without a scorecard
 */
export async function writeScores(
  folder: string,
  scorecard: NewScorecard,
  perImage: PerImageScores,
): Promise<void> {
  await requireScoresPlace(folder);
  const images = writeImagesCsv(perImage);
  try {
    await makeFolder(folder);
    // First the file that names the others' content: what a kill leaves is seen when it is read.
    const whole = { ...scorecard, imagesSha256: sha256(images) };
    await writeWhole(join(folder, SCORECARD_FILE), toJson(whole));
    await writeWhole(join(folder, IMAGES_FILE), images);
    await writeWhole(join(folder, MARKDOWN_FILE), scorecardMarkdown(scorecard));
    await writeWhole(join(folder, CSV_FILE), toCsvTable(scorecardsCsvTable([scorecard])));
  } catch (error) {
    throw explainError(error, folder);
  }
}

/**
 * Checks, before the work, that scores may go to a folder.
 *
 * @throws OutputError `output-not-scores` where it holds files of their names that are not theirs
 */
export async function requireScoresPlace(folder: string): Promise<void> {
  const scorecard = join(folder, SCORECARD_FILE);
  const isOurs = (await exists(scorecard)) && (await readFile(scorecard, 'utf8')).includes(FORMAT);
  if (isOurs) return;
  for (const name of [SCORECARD_FILE, IMAGES_FILE, MARKDOWN_FILE, CSV_FILE]) {
    if (!(await exists(join(folder, name)))) continue;
    throw new OutputError(`this folder holds another ${name}, of no scorecard`, {
      code: 'output-not-scores',
      path: folder,
      fix: 'name another --out, or move it away',
    });
  }
}

/** A scorecard for people, as Markdown. */
function scorecardMarkdown(scorecard: NewScorecard): string {
  const title = `# ${inMarkdown(scorecard.model.name)} on ${inMarkdown(scorecard.set.name)}`;
  const notes = scorecardNotes([scorecard]).map(inMarkdown);
  return `${[title, toMarkdownTable(scorecardTable(scorecard)).trimEnd(), ...notes].join('\n\n')}\n`;
}
