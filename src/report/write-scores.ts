import { PREDICTIONS_FILE } from '../evaluate/run-model.js';
import { sha256 } from '../files/digest.js';
import { writeImagesCsv } from '../score/images-csv.js';
import type { PerImageScores } from '../score/per-image-scores.js';
import { IMAGES_FILE } from '../score/read-scores.js';
import type { NewScorecard } from '../score/scorecard.js';
import { inMarkdown, toCsvTable, toMarkdownTable } from './render-table.js';
import { writeReport } from './report-folder.js';
import { scorecardNotes, scorecardsCsvTable, scorecardTable } from './scorecard-table.js';
import { CSV_FILE, MARKDOWN_FILE, requireScoresPlace, SCORES_FORM } from './scores-place.js';

/** How to write scores. */
export interface WriteScoresOptions {
  /** Replace scores on another set or under another preprocessing. Default false. */
  overwrite?: boolean | undefined;
  /** The file to put beside them as `predictions.parquet`. */
  predictions?: string | undefined;
}

/**
 * Writes `scorecard.json`, `scorecard.md`, `scorecard.csv` and `images.csv` into a folder, all or
 * nothing, in place of earlier scores.
 *
 * @throws OutputError where the folder cannot be written, or holds scores of something else or
 *   other files
 */
export async function writeScores(
  folder: string,
  scorecard: NewScorecard,
  perImage: PerImageScores,
  { overwrite, predictions }: WriteScoresOptions = {},
): Promise<void> {
  await requireScoresPlace(folder, scorecard, overwrite);
  const images = writeImagesCsv(perImage);
  await writeReport(folder, SCORES_FORM, {
    main: { ...scorecard, imagesSha256: sha256(images) },
    texts: {
      [IMAGES_FILE]: images,
      [MARKDOWN_FILE]: scorecardMarkdown(scorecard),
      [CSV_FILE]: toCsvTable(scorecardsCsvTable([scorecard])),
    },
    copies: predictions === undefined ? {} : { [PREDICTIONS_FILE]: predictions },
  });
}

/** A scorecard for people, as Markdown. */
function scorecardMarkdown(scorecard: NewScorecard): string {
  const title = `# ${inMarkdown(scorecard.model.name)} on ${inMarkdown(scorecard.set.name)}`;
  const notes = scorecardNotes([scorecard]).map(inMarkdown);
  return `${[title, toMarkdownTable(scorecardTable(scorecard)).trimEnd(), ...notes].join('\n\n')}\n`;
}
