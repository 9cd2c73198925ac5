import { join } from 'node:path';
import { z } from 'zod';
import { DatasetError } from '../errors.js';
import { readJsonLines } from '../files/json.js';
import { EXTENSIONS } from '../image/encode.js';
import type { Recipe } from '../recipe/schema.js';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

const metadataSchema = z.strictObject({
  file_name: z.string().regex(/^images\/[\w-]+\.\w+$/),
  id: z.string(),
  k: z.int().positive(),
  labels: z.array(z.int().min(0).max(999)),
  wnids: z.array(z.string()),
  objects: z.strictObject({
    bbox: z.array(z.tuple([z.int(), z.int(), z.int(), z.int()])),
    category: z.array(z.int().min(0).max(999)),
    patch: z.array(z.string()),
    source: z.array(z.string()),
  }),
  sha256: digest,
  pixels_sha256: digest,
});

/**
 * One row of `metadata.jsonl`: an image, its label set (class indices, ascending, each once), the
 * synsets of the labels in the same order, and its objects with their boxes `[x, y, w, h]`, px.
 */
export type MetadataRow = z.output<typeof metadataSchema>;

/** The path of an image in its dataset. */
export function imageFile(id: string, { encode }: Recipe): string {
  return `images/${id}${EXTENSIONS[encode.format]}`;
}

/** Reads a dataset's metadata. @throws DatasetError that names the line and the field */
export async function* readMetadata(folder: string): AsyncGenerator<MetadataRow> {
  const path = join(folder, 'metadata.jsonl');
  let line = 0;
  for await (const value of readJsonLines(path)) {
    line += 1;
    const row = metadataSchema.safeParse(value);
    if (row.success) {
      yield row.data;
      continue;
    }
    const issue = row.error.issues[0]!;
    throw new DatasetError(`${issue.path.map(String).join('.')}: ${issue.message}`, {
      code: 'metadata-invalid',
      path,
      place: `line ${line}`,
      fix: 'generate the dataset again',
    });
  }
}
