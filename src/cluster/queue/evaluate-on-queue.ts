import { EvaluationError } from '../../errors.js';
import { explaining } from '../../files/file-errors.js';
import { findModelCard, type ModelCard } from '../../models/card.js';
import { readPredictionSummary, SUMMARY_FILE } from '../../models/prediction-folder.js';
import {
  type EvaluatedModels,
  type EvaluateModelsInput,
  type EvaluateModelsOptions,
  type FailedModel,
  requireDistinctNames,
} from '../../score/evaluate.js';
import { openScores, SCORECARD_FILE } from '../../score/scores-folder.js';
import { asFailure } from '../../study/failure.js';
import type { EvaluationSetInput } from '../../sets/open-set.js';
import type { Storage, StorageOptions } from '../storage.js';
import { coordinate } from './coordinator.js';
import type { FoundOf, JobOf } from './jobs.js';
import { openPlace } from './place.js';
import type { CoordinateOptions } from './run-options.js';
import { localInStorage, pathInStorage, PIECE, readFrom, shownPath } from './user-paths.js';

/**
 * What is evaluated. Cards are read where the program runs; the models that they name, the set and
 * all other paths are of the storage: absolute, or from its root.
 */
export interface EvaluateOnQueueInput extends Omit<EvaluateModelsInput, 'set'> {
  set: EvaluationSetInput & {
    /** At most so many images: see `limitImages`. */
    limit?: number | undefined;
  };
  /** The address of Redis: `redis://HOST:PORT`, or `rediss://` for TLS. */
  queue: string;
  /** The storage that the workers have too: a folder that all machines share, or `s3://BUCKET/PREFIX`. */
  root: string;
}

export interface EvaluateOnQueueOptions
  extends
    CoordinateOptions,
    StorageOptions,
    Pick<
      EvaluateModelsOptions,
      'provider' | 'batch' | 'seed' | 'resamples' | 'maxGroup' | 'overwrite'
    > {
  /** Images of a piece, at most. Default: 1000. */
  piece?: number | undefined;
}

/**
 * Evaluates models as `evaluateModels` does, byte for byte, with the workers of a queue; see
 * `runWorker`. What is done is kept: a run that was interrupted is continued. A model that fails does
 * not keep the others from it.
 * @throws EvaluationError `cards-same-name`
 * @throws OutputError where the root is not there
 * @throws TransferError where a path leads out of the storage, or the storage cannot be reached
 * @throws QueueError `queue-address`, `queue-library-missing`, `queue-unreachable`, `queue-run-refused`,
 * `queue-run-cancelled`, and `queue-piece-failed` with the reason
 * @throws AbortedError: the run goes on, and the same call waits for it
 */
export function evaluateOnQueue(
  input: EvaluateOnQueueInput,
  options: EvaluateOnQueueOptions = {},
): Promise<EvaluatedModels> {
  return explaining(async () => {
    const { cards, root } = input;
    const place = await openPlace(root, options);
    const { storage } = place;
    await requireDistinctNames(cards);
    const { models, failures } = await readCards(cards, storage);
    if (models.length === 0) return { evaluated: [], failures };
    const job = await jobOf(input, models, storage, options);
    return coordinate(input.queue, place, job, options, async (found) => {
      const failed = [...failures, ...found.failures.map(toFailedModel)];
      const evaluated = await Promise.all(
        found.evaluated.map((one) => readEvaluated(one, storage, root)),
      );
      return { evaluated, failures: failed.sort(inOrderOf(cards)) };
    });
  });
}

type Job = JobOf<'evaluate'>;

/** Reads the cards; one that is wrong is a model that fails. */
async function readCards(
  cards: readonly string[],
  storage: Storage,
): Promise<{ models: Job['models']; failures: FailedModel[] }> {
  const models: Job['models'] = [];
  const failures: FailedModel[] = [];
  for (const given of cards) {
    let card: ModelCard;
    try {
      card = await findModelCard(given);
    } catch (error) {
      failures.push({ card: given, error: asFailure(error) });
      continue;
    }
    models.push({ given, card: { ...card, model: await localInStorage(storage, card.model) } });
  }
  return { models, failures };
}

async function jobOf(
  { set, preprocess, out, work, root }: EvaluateOnQueueInput,
  models: Job['models'],
  storage: Storage,
  options: EvaluateOnQueueOptions,
): Promise<Job> {
  const { seed = '42', resamples = 1000, maxGroup = 5, overwrite = false, piece = PIECE } = options;
  const { provider = 'cpu', batch } = options;
  const inStorage = (path: string): Promise<string> => pathInStorage(storage, root, path);
  const { multiLabelRule, limit } = set;
  const places: Pick<Job['set'], (typeof PLACES)[number]> = {};
  for (const name of PLACES) {
    if (set[name] !== undefined) places[name] = await inStorage(set[name]);
  }
  return {
    command: 'evaluate',
    models,
    set: { ...places, ...given({ multiLabelRule, limit }) },
    ...given({ preprocess, batch }),
    ...{ provider, seed, resamples, maxGroup, overwrite, piece },
    out: await inStorage(out),
    work: await inStorage(work),
  };
}

const PLACES = ['dataset', 'images', 'labels', 'originals'] as const;

/** Without what is undefined, as JSON leaves it out. */
function given<T extends object>(fields: T): T {
  return JSON.parse(JSON.stringify(fields)) as T;
}

function toFailedModel({ given: card, code, message }: FoundOf<'evaluate'>['failures'][number]) {
  return { card, error: new EvaluationError(message, { code }) };
}

async function readEvaluated(
  { scores, predictions, reused }: FoundOf<'evaluate'>['evaluated'][number],
  storage: Storage,
  root: string,
): Promise<EvaluatedModels['evaluated'][number]> {
  const { scorecard } = await readFrom(storage, scores, [SCORECARD_FILE], openScores);
  const summary = await readFrom(storage, predictions, [SUMMARY_FILE], readPredictionSummary);
  delete (scorecard as Partial<typeof scorecard>).imagesSha256; // as before it was written
  return {
    folder: shownPath(root, scores),
    scorecard,
    predictions: { folder: shownPath(root, predictions), summary, reused },
  };
}

function inOrderOf(cards: readonly string[]): (a: FailedModel, b: FailedModel) => number {
  return (a, b) => cards.indexOf(a.card) - cards.indexOf(b.card);
}
