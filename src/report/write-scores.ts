import { join } from 'node:path';
import { explainError } from '../errors.js';
import { sha256 } from '../files/digest.js';
import { makeFolder, toJson, writeWhole } from '../files/stage-folder.js';
import { writeImagesCsv } from '../score/images-csv.js';
import type { PerImageScores } from '../score/per-image-scores.js';
import { IMAGES_FILE, SCORECARD_FILE } from '../score/read-scores.js';
import type { NewScorecard } from '../score/scorecard.js';
import { inMarkdown, toCsvTable, toMarkdownTable } from './render-table.js';
import { scorecardNotes, scorecardsCsvTable, scorecardTable } from './scorecard-table.js';
import { CSV_FILE, MARKDOWN_FILE, requireScoresPlace } from './scores-place.js';

/** How to write scores. */
export interface WriteScoresOptions {
  /** Replace scores on another set or under another preprocessing. Default false. */
  overwrite?: boolean | undefined;
}

/**
 * Writes `scorecard.json`, `scorecard.md`, `scorecard.csv` and `images.csv`, in place of those of
 * earlier scores. Other files in the folder stay.
 *
 * @throws OutputError where the folder cannot be written, holds such files without a scorecard, or
 *   scores of something else
 */
export async function writeScores(
  folder: string,
  scorecard: NewScorecard,
  perImage: PerImageScores,
  { overwrite }: WriteScoresOptions = {},
): Promise<void> {
  await requireScoresPlace(folder, scorecard, overwrite);
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

/** A scorecard for people, as Markdown. */
function scorecardMarkdown(scorecard: NewScorecard): string {
  const title = `# ${inMarkdown(scorecard.model.name)} on ${inMarkdown(scorecard.set.name)}`;
  const notes = scorecardNotes([scorecard]).map(inMarkdown);
  return `${[title, toMarkdownTable(scorecardTable(scorecard)).trimEnd(), ...notes].join('\n\n')}\n`;
}
