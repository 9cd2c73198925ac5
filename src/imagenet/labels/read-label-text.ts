import { readFile, stat } from 'node:fs/promises';
import { EvaluationError, explainError } from '../../errors.js';

/** The largest known label file has some tens of megabytes. */
const MAX_LABEL_BYTES = 256 * 2 ** 20;

/**
 * Reads a file of labels whole, without its byte order mark.
 * @throws EvaluationError where it is no file, is empty, larger than 256 MB, or no UTF-8
 */
export async function readLabelText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (text.trim() !== '') return text;
  } catch (cause) {
    throw new EvaluationError('expected text in UTF-8', {
      code: 'labels-not-text',
      path,
      fix: 'save it as UTF-8',
      cause,
    });
  }
  throw new EvaluationError('this file is empty', { code: 'labels-empty', path });
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    const info = await stat(path);
    if (!info.isFile()) {
      throw new EvaluationError('expected a file of labels, got something else', {
        code: 'labels-not-a-file',
        path,
        fix: 'name a file; a folder of images goes with --dataset or --images',
      });
    }
    if (info.size > MAX_LABEL_BYTES) {
      throw new EvaluationError(`${info.size} bytes are more than labels take`, {
        code: 'labels-too-large',
        path,
        fix: `give a file of at most ${MAX_LABEL_BYTES} bytes`,
      });
    }
    return await readFile(path);
  } catch (error) {
    throw explainError(error, path);
  }
}
