import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatasetError, explainError } from '../errors.js';
import { sha256 } from '../files/digest.js';
import { listFiles } from '../files/list-files.js';
import { readSummary } from '../files/read-summary.js';
import { exists, partialFolder, replacedFolder } from '../files/stage-folder.js';
import { parseImagesCsv } from './images-csv.js';
import type { PerImageScores } from './per-image-scores.js';
import { scorecardSchema, type Scorecard } from './scorecard.js';

/** The file that makes a folder one of scores. */
export const SCORECARD_FILE = 'scorecard.json';
/** The scores of each image. */
export const IMAGES_FILE = 'images.csv';

/** Scores that were written, of which those of single images are read when they are asked for. */
export interface StoredScores {
  folder: string;
  scorecard: Scorecard;
  perImage: () => Promise<PerImageScores>;
}

/** Opens a folder of scores. @throws DatasetError where it is none */
export async function openScores(folder: string): Promise<StoredScores> {
  const scorecard = await readSummary(folder, SCORECARD_FILE, scorecardSchema, 'patchml score');
  return { folder, scorecard, perImage: () => readPerImage(folder, scorecard) };
}

/**
 * Finds the folders of scores at or below a path, in byte order.
 *
 * @throws DatasetError `scores-none` where there are none
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
    throw new DatasetError(`there is no ${SCORECARD_FILE} here or below`, {
      code: 'scores-none',
      path,
      fix: 'make it with "patchml score"',
    });
  }
  return folders;
}

/** Whether these are scores that are being written, or were when the run was killed. */
function isUnfinished(folder: string): boolean {
  return [partialFolder(''), replacedFolder('')].some((ending) => folder.endsWith(ending));
}

async function readPerImage(folder: string, scorecard: Scorecard): Promise<PerImageScores> {
  const path = join(folder, IMAGES_FILE);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw explainError(error, path);
  });
  if (sha256(text) !== scorecard.imagesSha256) {
    throw new DatasetError('these are not the images of the scorecard beside it', {
      code: 'scores-invalid',
      path,
      fix: 'score again with "patchml score"',
    });
  }
  return parseImagesCsv(text, path);
}
