import { parse } from 'csv-parse/sync';
import { EvaluationError } from '../errors.js';
import { withoutExtension } from '../imagenet/images.js';
import type { ClassIndex } from '../imagenet/synsets.js';
import { describe, isObject, type LabelPlace, parseClasses } from './label-file.js';

/** The labels of one image file. */
export interface ImageLabels {
  /** As given: a path from the folder of images. */
  file: string;
  /** Ascending, each once; none means "not annotated". */
  labels: readonly ClassIndex[];
}

/**
 * Takes the labels from JSON: `{file: label | [labels]}`, or a list of `{file, labels}`. A label is
 * a class index or a wnid.
 * @throws EvaluationError that names the entry
 */
export function parseImageLabelsJson(json: object, path: string): ImageLabels[] {
  const entries: [LabelPlace, file: unknown, labels: unknown][] = Array.isArray(json)
    ? json.map((entry: unknown, index) => {
        const { file, labels } = isObject(entry) ? entry : {};
        return [{ path, place: `entry ${index} (counted from 0)` }, file, labels];
      })
    : Object.entries(json).map(([file, labels]) => [{ path, place: describe(file) }, file, labels]);
  return requireDistinct(entries.map(toImageLabels), path);
}

/**
 * Takes the labels from CSV with the header `file,labels`, several labels being separated by spaces
 * or semicolons.
 * @throws EvaluationError that names the row
 */
export function parseImageLabelsCsv(text: string, path: string): ImageLabels[] {
  const [header, ...rows] = parseCsv(text, path);
  if (header?.join(',') !== 'file,labels') {
    throw new EvaluationError(
      `these are no labels: expected JSON, or CSV with the header "file,labels", got ${describe(text)}`,
      {
        code: 'labels-unknown-form',
        path,
        fix: "give ReaL's real.json, human_accuracy_v3.0.0.json, or files and their labels; a LOC_val_solution.csv or a devkit ground truth goes with --originals",
      },
    );
  }
  const images = rows.map(([file, labels, ...more], index) => {
    const at = { path, place: `row ${index + 2}` };
    if (labels === undefined || more.length > 0) {
      throw new EvaluationError('expected two columns', {
        code: 'labels-csv-columns',
        ...at,
        fix: 'separate labels by spaces or semicolons',
      });
    }
    return toImageLabels([at, file, labels.split(/[\s;]+/).filter((label) => label !== '')]);
  });
  return requireDistinct(images, path);
}

function parseCsv(text: string, path: string): string[][] {
  try {
    return parse(text, {
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: 1 << 20,
    });
  } catch (cause) {
    throw new EvaluationError(`this is not CSV: ${(cause as Error).message}`, {
      code: 'labels-not-csv',
      path,
      cause,
    });
  }
}

function toImageLabels([at, file, labels]: [LabelPlace, unknown, unknown]): ImageLabels {
  if (typeof file !== 'string' || !isPathInside(file)) {
    throw new EvaluationError(
      `expected the path of an image from its folder, got ${describe(file)}`,
      { code: 'labels-file-name', ...at, fix: 'name files such as "a.jpg" or "folder/a.jpg"' },
    );
  }
  return { file, labels: parseClasses(Array.isArray(labels) ? labels : [labels], at) };
}

/** A path that leads nowhere else: no `..`, not absolute, no backslash or control character. */
function isPathInside(file: string): boolean {
  if (/[\\\p{Cc}\p{Cs}]/u.test(file)) return false;
  return file.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

function requireDistinct(images: ImageLabels[], path: string): ImageLabels[] {
  if (images.length === 0) {
    throw new EvaluationError('no image is listed in it', { code: 'labels-empty', path });
  }
  const seen = new Set<string>();
  for (const { file } of images) {
    const id = withoutExtension(file);
    if (seen.has(id)) {
      throw new EvaluationError(`${describe(file)} is listed twice`, {
        code: 'labels-duplicate-file',
        path,
        fix: 'list each image once, whatever its extension',
      });
    }
    seen.add(id);
  }
  return images;
}
