import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatasetError } from '../errors.js';

/**
 * Reads the JSON file that says what a stage's folder is.
 * @param format what its `format` field must say
 * @param command what makes such a folder, named in the error
 * @throws DatasetError `stage-missing` where it is absent, `stage-invalid` where it is another
 */
export async function readSummary<T extends { format: string }>(
  folder: string,
  file: string,
  format: T['format'],
  command: string,
): Promise<T> {
  const path = join(folder, file);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new DatasetError(`there is no ${file} here`, {
      code: 'stage-missing',
      path: folder,
      fix: `run "${command}" first, with the same recipe and inputs`,
      cause,
    });
  }
  const summary = tryParse(text);
  if (summary?.format === format) return summary as T;
  throw new DatasetError(`expected a ${format}`, {
    code: 'stage-invalid',
    path,
    fix: `remove the folder and run "${command}"`,
  });
}

function tryParse(text: string): { format?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
