import { basename, dirname, extname, join, resolve } from 'node:path';
import { glob } from 'tinyglobby';
import { EvaluationError } from '../errors.js';
import { byteOrder } from '../files/byte-order.js';
import { exists } from '../files/stage-folder.js';
import { loadModelCard, type ModelCard } from './model-card.js';

/** Where cards lie unless told otherwise. */
const CARDS = join('configs', 'models');

/**
 * The card of a model: the YAML file itself, or for an `.onnx` file the card beside it or in
 * `configs/models` that has its name.
 * @throws EvaluationError `card-missing`, and those of a card that is wrong
 */
export async function findModelCard(path: string): Promise<ModelCard> {
  if (['.yaml', '.yml'].includes(extname(path))) return loadModelCard(path);
  const name = `${basename(path, extname(path))}.yaml`;
  for (const card of [join(dirname(path), name), join(CARDS, name)]) {
    if (!(await exists(card))) continue;
    // The card says how; the file that was named is what is run.
    return { ...(await loadModelCard(card)), model: resolve(path) };
  }
  throw new EvaluationError('this model has no card', {
    code: 'card-missing',
    path,
    fix: `make one with "patchml model add ${path}"`,
  });
}

/** The files that patterns such as `configs/models/*.yaml` match, in byte order. */
export async function matchCards(patterns: readonly string[]): Promise<string[]> {
  const found = await glob(
    patterns.map((pattern) => pattern.replaceAll('\\', '/')),
    {
      expandDirectories: false,
    },
  );
  if (found.length > 0) return found.sort(byteOrder);
  throw new EvaluationError('no file matches', {
    code: 'cards-missing',
    path: patterns.join(' '),
    fix: 'check --models',
  });
}
