import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { AnnotationError, PatchmlError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import {
  type AnnotatedObject,
  type Annotation,
  isImageId,
  type MalformedAnnotation,
  type MalformedObject,
} from './annotation.js';
import { WNID } from './synsets.js';

/**
 * Reads Kaggle's `LOC_*_solution.csv`: `ImageId,PredictionString`, five fields a box (synset, xmin,
 * ymin, xmax, ymax). It gives no image sizes. A box with fewer or more fields is noted as malformed.
 * @throws AnnotationError when the header is another or the file is no CSV
 */
export async function readAnnotationCsv(
  path: string,
): Promise<(Annotation | MalformedAnnotation)[]> {
  const file = createReadStream(path);
  const rows = file.pipe(
    parse({ columns: false, relax_column_count: true, max_record_size: 1 << 20, bom: true }),
  );
  file.on('error', (error) => rows.destroy(error));
  const annotations: (Annotation | MalformedAnnotation)[] = [];
  let line = 0;
  try {
    for await (const row of rows as AsyncIterable<string[]>) {
      line += 1;
      if (line > 1) annotations.push(parseRow(row));
      else requireHeader(row, path);
    }
    if (line === 0) requireHeader([], path);
  } catch (error) {
    const cause = explainError(error);
    if (cause instanceof PatchmlError) throw cause;
    throw new AnnotationError(`this is not CSV: ${(cause as Error).message}`, {
      code: 'annotations-not-csv',
      path,
      place: `row ${line + 1}`,
      cause,
    });
  }
  return annotations;
}

function requireHeader(header: string[], path: string): void {
  const text = header.join(',');
  if (text === 'ImageId,PredictionString') return;
  throw new AnnotationError(
    `expected the header "ImageId,PredictionString", got "${text.slice(0, 80)}"`,
    { code: 'annotations-csv-header', path, place: 'row 1', fix: 'pass a LOC_*_solution.csv' },
  );
}

function parseRow(row: readonly string[]): Annotation | MalformedAnnotation {
  const [imageId = '', boxes = ''] = row;
  if (!isImageId(imageId)) {
    return { imageId: imageId.slice(0, 128), problem: 'its name cannot be an image id' };
  }
  if (row.length !== 2) return { imageId, problem: `expected two columns, got ${row.length}` };
  const fields = boxes.trim() === '' ? [] : boxes.trim().split(/\s+/);
  return { imageId, size: null, objects: toGroups(fields).map(toObject) };
}

/** The fields of each box: five and five, or where that does not come out, from synset to synset. */
function toGroups(fields: readonly string[]): string[][] {
  const isEven = fields.length % 5 === 0;
  const groups: string[][] = [];
  fields.forEach((field, index) => {
    const isStart = isEven ? index % 5 === 0 : WNID.test(field);
    if (isStart || groups.length === 0) groups.push([]);
    groups.at(-1)!.push(field);
  });
  return groups;
}

function toObject(fields: readonly string[]): AnnotatedObject | MalformedObject {
  if (fields.length !== 5) {
    return { problem: `expected five fields per box, got ${fields.length}` };
  }
  const [wnid, ...numbers] = fields;
  const [xmin, ymin, xmax, ymax] = numbers.map(Number);
  return { wnid: wnid!, box: [xmin!, ymin!, xmax!, ymax!] };
}
