import { readDataset } from '../../dataset/dataset.js';
import { explaining } from '../../files/file-errors.js';
import { readIndexSummary } from '../../generate/build-index.js';
import { requirePlaceFor } from '../../generate/dataset-output.js';
import {
  type Generated,
  type GenerateInput,
  type GenerateOptions,
  requireInputs,
} from '../../generate/generate.js';
import { isRemote, type Storage, type StorageOptions } from '../storage.js';
import { coordinate } from './coordinator.js';
import { isDatasetAt, SUMMARIES } from './generate-pieces.js';
import type { JobOf } from './jobs.js';
import { openPlace } from './place.js';
import type { CoordinateOptions } from './run-options.js';
import { pathInStorage, PIECE, readFrom, shownPath } from './user-paths.js';

/** All paths are of the storage: absolute, or from its root. */
export interface GenerateOnQueueInput extends GenerateInput {
  /** The address of Redis: `redis://HOST:PORT`, or `rediss://` for TLS. */
  queue: string;
  /** The storage that the workers have too: a folder that all machines share, or `s3://BUCKET/PREFIX`. */
  root: string;
}

/** How a dataset is made on a queue. */
export interface GenerateOnQueueOptions
  extends CoordinateOptions, StorageOptions, Pick<GenerateOptions, 'strict' | 'overwrite'> {
  /** Images of a piece, at most. Default: 1000. */
  piece?: number | undefined;
}

/**
 * Makes a dataset as `generate` does, byte for byte, with the workers of a queue; see `runWorker`.
 * What is done is kept: a run that was interrupted is continued.
 * @throws RecipeError where neither the input nor the recipe says where the inputs are
 * @throws OutputError, DatasetError where something else is at the output
 * @throws TransferError where a path leads out of the storage, or the storage cannot be reached
 * @throws QueueError `queue-address`, `queue-library-missing`, `queue-unreachable`, `queue-run-refused`,
 * `queue-run-cancelled`, and `queue-piece-failed` with the reason
 * @throws AbortedError: the run goes on, and the same call waits for it
 */
export function generateOnQueue(
  input: GenerateOnQueueInput,
  { strict = false, overwrite = false, piece = PIECE, ...options }: GenerateOnQueueOptions = {},
): Promise<Generated> {
  return explaining(async () => {
    const { recipe } = input;
    const place = await openPlace(input.root, options);
    const { storage } = place;
    const inputs = requireInputs(input);
    const inStorage = (path: string): Promise<string> => pathInStorage(storage, input.root, path);
    const job: JobOf<'generate'> = {
      command: 'generate',
      recipe,
      annotations: await inStorage(inputs.annotations),
      images: await inStorage(inputs.images),
      out: await inStorage(input.out),
      work: await inStorage(input.work),
      ...{ strict, overwrite, piece },
    };
    await requireOutput(storage, job);
    return coordinate(input.queue, place, job, options, async ({ index, pool, plan }) => {
      const { summary, lock } = await readFrom(storage, job.out, SUMMARIES, readDataset);
      const indexed = await readFrom(storage, index, ['index.json'], readIndexSummary);
      const { hidden = { annotations: 0, images: 0 } } = indexed;
      const at = (path: string): string => shownPath(input.root, path);
      const folders = { index: at(index), pool: at(pool!), plan: at(plan!), dataset: at(job.out) };
      return { ...folders, hidden, summary, lock };
    });
  });
}

/**
 * Checks that the output may be written, before any work.
 * @throws OutputError where something else is there, or a dataset of another recipe and not to be
 * replaced
 */
async function requireOutput(
  storage: Storage,
  { recipe, out, overwrite }: JobOf<'generate'>,
): Promise<void> {
  const place = storage.resolve(out);
  if (!isRemote(storage)) return requirePlaceFor(recipe, place, overwrite);
  if (!(await isDatasetAt(out, storage))) return;
  await readFrom(storage, out, SUMMARIES, (folder) =>
    requirePlaceFor(recipe, folder, overwrite, place),
  );
}
