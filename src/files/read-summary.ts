import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { DatasetError, explainError } from '../errors.js';

/** The fields of a summary: its format, and others. */
type SummaryShape = z.ZodRawShape & { format: z.ZodLiteral<string> };

/**
 * Reads the JSON file that says what a stage's folder is.
 * @param schema what it must be; its `format` names the kind of folder
 * @param command what makes such a folder, named in the error
 * @throws DatasetError `stage-missing` where it is absent, `stage-invalid` where it is another
 */
export async function readSummary<Shape extends SummaryShape>(
  folder: string,
  file: string,
  schema: z.ZodObject<Shape>,
  command: string,
): Promise<z.output<z.ZodObject<Shape>>> {
  const path = join(folder, file);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw explainError(cause, path);
    throw new DatasetError(`there is no ${file} here`, {
      code: 'stage-missing',
      path: folder,
      fix: `make it with "${command}"`,
      cause,
    });
  }
  const summary = schema.safeParse(tryParse(text));
  if (summary.success) return summary.data;
  const { path: field, message } = summary.error.issues[0]!;
  const isOther = field.length === 0 || field[0] === 'format';
  throw new DatasetError(isOther ? `expected a ${schema.shape.format.value}` : message, {
    code: 'stage-invalid',
    path,
    place: field.map(String).join('.') || undefined,
    fix: `make it again with "${command}"`,
  });
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
