import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { AnnotationError, PatchmlError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import { type Annotation, isImageId, type MalformedAnnotation } from './annotation.js';

/**
 * Reads Kaggle's `LOC_*_solution.csv`: `ImageId,PredictionString`, five fields a box (synset, xmin,
 * ymin, xmax, ymax). It gives no image sizes.
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
    { code: 'annotations-csv-header', path, place: 'row 1', fix: 'give a LOC_*_solution.csv' },
  );
}

function parseRow(row: readonly string[]): Annotation | MalformedAnnotation {
  const [imageId = '', boxes = ''] = row;
  if (!isImageId(imageId)) {
    return { imageId: imageId.slice(0, 128), problem: 'its name cannot be an image id' };
  }
  if (row.length !== 2) return { imageId, problem: `expected two columns, got ${row.length}` };
  const fields = boxes.trim() === '' ? [] : boxes.trim().split(/\s+/);
  if (fields.length % 5 !== 0) return { imageId, problem: 'expected five fields a box' };
  const objects = Array.from({ length: fields.length / 5 }, (_, index) => {
    const [wnid, ...numbers] = fields.slice(5 * index, 5 * index + 5);
    const [xmin, ymin, xmax, ymax] = numbers.map(Number);
    return { wnid: wnid!, box: [xmin!, ymin!, xmax!, ymax!] as const };
  });
  return { imageId, size: null, objects };
}
