import { join } from 'node:path';
import { stringify } from 'yaml';
import type { StudyInput } from '../../src/study/schema.js';
import { writeTree } from './unit-folder.js';

/** Images of each number of labels in a set: enough for an interval up to three. */
const COUNTS = [24, 22, 21, 2];

/** The labels of an image, which depend on the set and its position. */
function labelsOf(set: number, image: number, k: number): number[] {
  return Array.from({ length: k }, (_, at) => (37 * image + 211 * at + 500 * set) % 1000);
}

/** The images of a set: ids with their labels. */
function imagesOf(set: number): [id: string, labels: number[]][] {
  return COUNTS.flatMap((count, at) => Array.from({ length: count }, () => at + 1)).map(
    (k, image) => [`set${set}-${image}`, labelsOf(set, image, k)],
  );
}

/** Five classes an image, of which a model of this skill (0 to 9) has some right. */
function ranksOf(labels: readonly number[], image: number, skill: number): number[] {
  const right = labels.filter((_, at) => (image + at) % 10 < skill);
  const wrong = [1, 2, 3, 4, 5].map((step) => (labels[0]! + 17 * step) % 1000);
  const all = image % 3 === 0 ? [wrong[0]!, ...right, ...wrong] : [...right, ...wrong];
  return [...new Set(all)].slice(0, 5);
}

/**
 * Writes the files of a small study: two label sets, `first` and `second`, and predictions of models
 * on both, `predictions/<set>/<model>.csv`.
 * @returns the folder
 */
export function writeStudyFiles(models: readonly string[], folder?: string): string {
  const files: Record<string, string> = {};
  for (const [at, set] of ['first', 'second'].entries()) {
    const images = imagesOf(at);
    files[`${set}.json`] = JSON.stringify(
      Object.fromEntries(images.map(([id, labels]) => [`${id}.jpg`, labels])),
    );
    for (const [number, model] of models.entries()) {
      const rows = images.map(([id, labels], image) =>
        [`${id}.jpg`, ...ranksOf(labels, image, 3 + 2 * number - at)].join(','),
      );
      const head = 'file,top1,top2,top3,top4,top5';
      files[`predictions/${set}/${model}.csv`] = `${[head, ...rows].join('\n')}\n`;
    }
  }
  return writeTree(files, folder);
}

/** The fields of a study of these files. */
export function studyFields(fields: Partial<StudyInput> = {}): StudyInput {
  return {
    name: 'small',
    sets: { first: { labels: 'first.json' }, second: { labels: 'second.json' } },
    models: [{ predictions: 'predictions/{set}/{model}.csv' }],
    gaps: [['first', 'second']],
    figures: [],
    scores: { resamples: 50 },
    ...fields,
  };
}

/** Writes a study into a folder. @returns its path */
export function writeStudy(folder: string, fields: Partial<StudyInput> = {}): string {
  writeTree({ 'study.yaml': stringify(studyFields(fields)) }, folder);
  return join(folder, 'study.yaml');
}
