import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EvaluationError, OutputError } from '../errors.js';
import { digestOf, sha256 } from '../files/digest.js';
import { explainError } from '../files/file-errors.js';
import { exists, isUnfinished } from '../files/folders.js';
import { parseJson, readSummary } from '../files/json.js';
import { listFiles } from '../files/listing.js';
import { readRegularText } from '../files/read-file.js';
import { PREDICTIONS_FILE } from '../models/run-model.js';
import type { EvaluationSet } from '../sets/evaluation-set.js';
import { countOf, countText, inMarkdown, toCsvTable, toMarkdownTable } from '../text.js';
import { detailsTables } from './details-table.js';
import { parseImagesCsv, type PerImageScores, writeImagesCsv } from './images-csv.js';
import { type ResultsForm, requireResultsPlace, writeResults } from './results-folder.js';
import { MARK, scorecardNotes, scorecardsCsvTable, scorecardTable } from './scorecard-table.js';
import { type NewScorecard, type Scorecard, scorecardSchema } from './scorecard.js';

/** The file that makes a folder one of scores. */
export const SCORECARD_FILE = 'scorecard.json';
/** The scores of each image. */
export const IMAGES_FILE = 'images.csv';

/** Scores that were written; those of single images are read on demand. */
export interface StoredScores {
  folder: string;
  scorecard: Scorecard;
  perImage: () => Promise<PerImageScores>;
}

/**
 * Opens a folder of scores.
 *
 * @throws EvaluationError `stage-missing` where it has no scorecard, `stage-invalid` where that is
 *   damaged; `scores-invalid` from `perImage()` where `images.csv` is not the scorecard's
 * @throws OutputError where a file cannot be read
 */
export async function openScores(folder: string): Promise<StoredScores> {
  const scorecard = await readSummary(
    folder,
    SCORECARD_FILE,
    scorecardSchema,
    'patchml score',
    EvaluationError,
  );
  return { folder, scorecard, perImage: () => readPerImage(folder, scorecard) };
}

/**
 * Opens all scores at or below these paths, each folder once, however it is written.
 *
 * @param paths folders of scores, or folders that contain some
 * @throws EvaluationError `scores-none` where a path has none, `scores-invalid`
 * @throws OutputError where a path cannot be read
 */
export async function openAllScores(paths: readonly string[]): Promise<StoredScores[]> {
  const folders = new Map<string, string>();
  for (const path of paths) {
    for (const folder of await findScores(path)) {
      const place = await realpath(folder).catch((error: unknown) => {
        throw explainError(error, folder);
      });
      if (!folders.has(place)) folders.set(place, folder);
    }
  }
  const scores: StoredScores[] = [];
  for (const folder of folders.values()) scores.push(await openScores(folder));
  return scores;
}

/**
 * Finds the folders of scores at or below a path, in byte order.
 *
 * @throws EvaluationError `scores-none` where there are none; OutputError where it cannot be read
 */
export async function findScores(path: string): Promise<string[]> {
  if (await exists(join(path, SCORECARD_FILE))) return [path];
  const files = await listFiles(path, (name) => name === SCORECARD_FILE).catch((error: unknown) => {
    throw explainError(error, path);
  });
  const folders = files
    .map((file) => join(path, file.path, '..'))
    .filter((folder) => !isUnfinished(folder));
  if (folders.length === 0) {
    throw new EvaluationError(`there is no ${SCORECARD_FILE} in this folder or its subfolders`, {
      code: 'scores-none',
      path,
      fix: 'create it with "patchml score"',
    });
  }
  return folders;
}

async function readPerImage(folder: string, scorecard: Scorecard): Promise<PerImageScores> {
  const path = join(folder, IMAGES_FILE);
  const text = await readRegularText(path);
  if (sha256(text) !== scorecard.imagesSha256) {
    throw new EvaluationError('this does not match the scorecard beside it', {
      code: 'scores-invalid',
      path,
      fix: 'score again with "patchml score"',
    });
  }
  return parseImagesCsv(text, path);
}

/** Where the scores of a model on a set go, below a folder for all: `<root>/<set>/<model>`. */
export function scoresFolder(
  root: string,
  set: Pick<EvaluationSet, 'name' | 'kind' | 'rule' | 'ids' | 'leftOut'>,
  model: string,
): string {
  return join(root, setFolder(set), folderName(model));
}

/**
 * The part of a path for a set: where one set has labels of several rules, with the rule, and where
 * only some of its images are used, with their number: `imagenet-val-real-limit-20`.
 */
function setFolder({ name, kind, rule, ids, leftOut }: Parameters<typeof scoresFolder>[1]): string {
  // A PatchML set's name has a version, its labels no rules.
  const ofRule = rule === 'original' || kind === 'patchml' ? '' : `-${rule}`;
  const ofLimit = 'beyond-limit' in leftOut ? `-limit-${ids.length}` : '';
  return folderName(`${name}${ofRule}${ofLimit}`);
}

/** A name as one part of a path: `timm/resnet18` becomes `timm-resnet18`. */
export function folderName(name: string): string {
  return name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+/, '') || 'unnamed';
}

const FORMAT = 'patchml-scorecard';

const [MARKDOWN_FILE, CSV_FILE] = ['scorecard.md', 'scorecard.csv'] as const;

/** What a folder of scores holds; the predictions are there where a model was evaluated. */
const SCORES_FORM: ResultsForm = {
  what: 'a scorecard',
  main: SCORECARD_FILE,
  format: FORMAT,
  others: [IMAGES_FILE, MARKDOWN_FILE, CSV_FILE, PREDICTIONS_FILE],
  code: 'output-not-scores',
};

/** What tells scores apart. */
export interface ScoresOrigin extends Pick<NewScorecard, 'model' | 'preprocessing'> {
  /** Of predictions that were made elsewhere, before the work: their digest. */
  predictions?: NewScorecard['predictions'];
  set: Pick<NewScorecard['set'], 'digest' | 'leftOut'>;
}

/** Of a scorecard that is there, whatever version wrote it. */
const earlierSchema = z.object({
  format: z.literal(FORMAT),
  model: z.object({ name: z.string(), digest: z.string().optional() }),
  predictions: z.object({ sha256: z.string().optional() }).optional(),
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
 *   `output-other-scores` where it holds scores on another set, of another model or of other
 *   predictions, or under another preprocessing
 */
export async function requireScoresPlace(
  folder: string,
  scores: ScoresOrigin,
  overwrite = false,
): Promise<void> {
  await requireResultsPlace(folder, SCORES_FORM);
  const path = join(folder, SCORECARD_FILE);
  if (overwrite || !(await exists(path))) return;
  const earlier = earlierSchema.safeParse(parseJson(await readRegularText(path))).data;
  const problem = earlier ? differenceOf(earlier, scores) : 'written by another version';
  if (problem === undefined) return;
  throw new OutputError(`this folder holds scores ${problem}`, {
    code: 'output-other-scores',
    path: folder,
    fix: `choose another ${problem.startsWith('of ') ? 'name or ' : ''}output folder, or pass --overwrite to replace them`,
  });
}

function differenceOf(earlier: Earlier, scores: ScoresOrigin): string | undefined {
  const { name, rule, images, digest } = earlier.set;
  if (digest !== scores.set.digest && !isPartOf(earlier, scores)) {
    return `on another set: ${name}, labels: ${rule}, ${countText(images)} images`;
  }
  const model = modelDifference(earlier, scores);
  if (model !== undefined) return model;
  const [was, is] = [earlier, scores].map(({ preprocessing = null }) => digestOf(preprocessing));
  return was === is ? undefined : `of ${earlier.model.name} under another preprocessing`;
}

/** A model is told by its file, or where only its predictions are known, by these. */
function modelDifference(earlier: Earlier, scores: ScoresOrigin): string | undefined {
  const { name, digest } = earlier.model;
  if (name !== scores.model.name) return `of another model: ${name}`;
  if ((digest === undefined) !== (scores.model.digest === undefined)) {
    return digest === undefined
      ? `of predictions of ${name} that were made elsewhere`
      : `of ${name} that "patchml evaluate" made`;
  }
  if (digest !== scores.model.digest) return `of another model named ${name}`;
  const [was, is] = [earlier, scores].map(({ predictions }) => predictions?.sha256);
  return digest === undefined && was !== is ? `of other predictions of ${name}` : undefined;
}

/** Before the images are read it is not known which are corrupt: that is checked before writing. */
function isPartOf(earlier: Earlier, scores: ScoresOrigin): boolean {
  const [was, is] = [earlier, scores].map(({ set }) => 'image-corrupt' in set.leftOut);
  return was === true && is === false;
}

/** Scores to write. */
export interface WriteScoresInput {
  /** The folder. */
  out: string;
  scorecard: NewScorecard;
  perImage: PerImageScores;
  /** The file to put beside them as `predictions.parquet`. */
  predictions?: string | undefined;
}

/** How to write scores. */
export interface WriteScoresOptions {
  /** Replace scores of something else: another set, model or preprocessing. Default false. */
  overwrite?: boolean | undefined;
}

/**
 * Writes `scorecard.json`, `scorecard.md`, `scorecard.csv` and `images.csv` into a folder, all or
 * nothing, in place of earlier scores.
 *
 * @throws OutputError where the folder cannot be written, or holds scores of something else or
 *   other files
 */
export async function writeScores(
  { out, scorecard, perImage, predictions }: WriteScoresInput,
  { overwrite }: WriteScoresOptions = {},
): Promise<void> {
  await requireScoresPlace(out, scorecard, overwrite);
  const images = writeImagesCsv(perImage);
  await writeResults(out, SCORES_FORM, {
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
  const table = scorecardTable(scorecard, { withChance: true });
  const details = detailsTables(scorecard).flatMap((each) => [
    `## ${each.title}`,
    toMarkdownTable(each.table).trimEnd(),
  ]);
  const isMarked = details.some((text) => text.includes(inMarkdown(` ${MARK} `)));
  const few = `${MARK} fewer than ${countOf(scorecard.options.minImages, 'image')}, or in a paired set fewer numbers of images: no interval.`;
  const parts = [
    title,
    toMarkdownTable(table).trimEnd(),
    ...scorecardNotes([scorecard]).map(inMarkdown),
    ...details,
    ...(isMarked ? [inMarkdown(few)] : []),
  ];
  return `${parts.join('\n\n')}\n`;
}
